"""Which workers of a Dask scheduler may take tasks."""

from __future__ import annotations

from typing import Any

from fusion.runtime.admission import admit, versions_here
from fusion.runtime.shared_folders import Marks


class Crew:
    """The workers that may take tasks: those with the versions of this process.

    A worker is asked when it is first seen, and given a resource of Dask's if it is as this process is. Tasks want
    that resource, so no other worker ever begins one.

    Parameters
    ----------
    client : distributed.Client
    marks : dict
        Of the command's folders, as `fusion.runtime.shared_folders.marked` gives them.
    must_see : bool
        Whether workers that do not see these are refused.
    """

    def __init__(self, client: Any, marks: Marks, must_see: bool = False) -> None:
        self.client, self.marks, self.must_see = client, marks, must_see
        self.versions = versions_here()
        self.known: dict[str, int] = {}  # threads by address, none of a refused worker
        self.refused: dict[str, str] = {}
        self.blind: set[str] = set()
        self.with_gpu: set[str] = set()
        self.gpus = False  # whether there was one, ever

    @property
    def threads(self) -> int:
        """Tasks that the admitted workers do at once."""
        return sum(self.known.values())

    def look(self) -> int:
        """Admit or refuse the workers that have come; return how many threads there are."""
        there: dict[str, int] = self.client.nthreads()
        self.known = {address: threads for address, threads in self.known.items() if address in there}
        self.with_gpu &= there.keys()
        if new := [address for address in there if address not in self.known]:
            answers = self.client.run(admit, self.versions, self.marks, self.must_see, workers=new, on_error="return")
            for address, answer in answers.items():
                self._take(address, there[address], answer)
        return self.threads

    def _take(self, address: str, threads: int, answer: Any) -> None:
        if isinstance(answer, OSError):  # it has gone meanwhile, or is asked again
            return
        failed = isinstance(answer, Exception)
        why = f"it cannot say its versions ({type(answer).__name__}: {answer})" if failed else answer["refused"]
        self.known[address] = 0 if why else threads
        if why:
            self.refused[address] = f"worker {address} is refused: {why}"
            return
        if answer["gpu"]:
            self.with_gpu.add(address)
            self.gpus = True
        if answer["unseen"]:
            self.blind.add(address)
