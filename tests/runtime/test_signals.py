"""Signals that end a command, and those that it was told to pass over."""

import os
import signal

import pytest

from fusion.runtime.signals import ended_as_by_ctrl_c


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_and_is_recorded(number):
    before = signal.getsignal(number)
    signal.signal(number, signal.SIG_DFL)
    try:
        with ended_as_by_ctrl_c() as came:
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), number)
            assert signal.getsignal(number) == signal.SIG_DFL  # a second one ends the process
        assert came == [number]
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_as_by_ctrl_c() as came:
            os.kill(os.getpid(), signal.SIGHUP)
        assert (came, signal.getsignal(signal.SIGHUP)) == ([], signal.SIG_IGN)
    finally:
        signal.signal(signal.SIGHUP, before)
