"""Tables of stored clips are parsed once, and never taken for others."""

from pathlib import Path

import pytest

from fusion.extraction import index
from fusion.extraction.index import TableError, read_index


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / feature / f"{shard}.csv" for feature in ("mfcc", "rms") for shard in ("0", "1")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"key,clip\nkey{path.stem}a,first\nkey{path.stem}b,second\n")
    return paths


def test_features_that_were_extracted_together_share_what_is_read(tables):
    index._numbered.cache_clear()
    first, second = read_index(tables[:2]), read_index(tables[2:])
    assert first.keys == {"key0a": 0, "key0b": 1, "key1a": 2, "key1b": 3}
    assert first.first.tolist() == [0, 2, 4]
    assert first.keys is second.keys
    assert [shard.parent.name for shard in second.shards] == ["rms", "rms"]


def test_a_table_that_has_changed_is_read_again_and_a_damaged_one_is_named(tables):
    read_index(tables[:2])
    tables[1].write_text("key,clip\nkey9,other\n")
    assert read_index(tables[:2]).keys == {"key0a": 0, "key0b": 1, "key9": 2}
    tables[1].write_text('key,clip\nkey1a,"first')
    with pytest.raises(TableError) as caught:
        read_index(tables[:2])
    assert caught.value.number == 1
