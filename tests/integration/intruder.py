"""Makes system calls in another process, as code of an intruder would that runs there (ptrace, x86-64).

    with Intruder(pid) as intruder:
        assert intruder.call("socket", 2, 1, 0) == -errno.EPERM
"""

import ctypes
import os
import platform
import signal
import time

PTRACE_PEEKTEXT, PTRACE_POKEDATA, PTRACE_SINGLESTEP = 1, 5, 9
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_ATTACH, PTRACE_DETACH = 12, 13, 16, 17
NUMBERS = {"close": 3, "socket": 41, "connect": 42, "execve": 59, "kill": 62, "unlink": 87, "openat": 257}
SYSCALL = 0x050f  # the instruction, as a number of two octets
BELOW_STACK = 1024  # beyond what a function may use without moving the stack
TRIES = 200

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base "
        "ds es fs gs").split()]


def _ptrace(request, pid, address=0, data=0):
    ctypes.set_errno(0)
    returned = _libc.ptrace(request, pid, address, data)
    if returned == -1 and ctypes.get_errno() != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return returned


def why_not():
    """Why this host cannot have an intruder, or None."""
    if platform.machine() != "x86_64":
        return "the intruder speaks x86-64 alone"
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    try:
        _ptrace(PTRACE_ATTACH, pid)
        os.waitpid(pid, 0)
        return None
    except OSError as error:
        return f"ptrace is not permitted here: {error}"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


class Intruder:
    def __init__(self, pid):
        self.pid = pid
        self.alive = True

    def __enter__(self):
        # Its loop waits in a system call, whose instruction is then behind it, and is used again.
        for _ in range(TRIES):
            _ptrace(PTRACE_ATTACH, self.pid)
            os.waitpid(self.pid, 0)
            self.before = self._registers()
            if _ptrace(PTRACE_PEEKTEXT, self.pid, self.before.rip - 2) & 0xffff == SYSCALL:
                return self
            _ptrace(PTRACE_DETACH, self.pid)
            time.sleep(0.01)
        raise AssertionError(f"{self.pid} never waits")

    def __exit__(self, *_):
        if self.alive:
            _ptrace(PTRACE_SETREGS, self.pid, 0, ctypes.addressof(self.before))
            _ptrace(PTRACE_DETACH, self.pid)

    def _registers(self):
        registers = Registers()
        _ptrace(PTRACE_GETREGS, self.pid, 0, ctypes.addressof(registers))
        return registers

    def _write(self, address, octets):
        for at in range(0, len(octets), 8):
            word = int.from_bytes(octets[at:at + 8].ljust(8, b"\0"), "little")
            _ptrace(PTRACE_POKEDATA, self.pid, address + at, word)

    def call(self, name, *arguments):
        """What the call returns: negative, an error number. None: the process was killed for it. An argument that is
        text or octets is put into its memory."""
        registers = Registers.from_buffer_copy(self.before)
        room = (self.before.rsp - BELOW_STACK) & ~0xf
        values = []
        for argument in arguments:
            if isinstance(argument, str):
                argument = argument.encode() + b"\0"
            if isinstance(argument, bytes):
                room -= (len(argument) + 15) & ~0xf
                self._write(room, argument)
                argument = room
            values.append(argument & (2**64 - 1))
        for register, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), values, strict=False):
            setattr(registers, register, value)
        registers.rax = NUMBERS[name]
        registers.orig_rax = 2**64 - 1  # what it waited in is not begun again
        registers.rip -= 2
        _ptrace(PTRACE_SETREGS, self.pid, 0, ctypes.addressof(registers))
        _ptrace(PTRACE_SINGLESTEP, self.pid)
        _, status = os.waitpid(self.pid, 0)
        if not os.WIFSTOPPED(status):
            self.alive = False
            assert os.WTERMSIG(status) == signal.SIGSYS, status
            return None
        return ctypes.c_longlong(self._registers().rax).value
