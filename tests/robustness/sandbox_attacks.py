"""What a program might try in a sandbox. Each is a name, a program, tests, and how it must be judged.

An attack that looks for a way out defines `reached()`, which gives what it reached; it passes its tests where that is nothing. One that forges a
verdict is wrong and must not pass. HELP stands in front of all; the names in CAPITALS are filled in by the test."""

HELP = r'''
import ctypes, os, resource, signal, socket, stat, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
found = []
def attempt(name, action):
    """Did it work? What raises or gives nothing did not."""
    try:
        if action():
            found.append(name)
    except (OSError, ValueError, AttributeError, MemoryError):
        pass
def call(name, function, *args):
    if getattr(libc, function)(*args) >= 0:
        found.append(name)
'''
NOTHING = "assert reached() == []"
SUM = "assert add(1, 2) == 3\nassert add(3, 4) == 7"

PASS, WRONG, FAILED, TIMEOUT = "pass", "wrong answer", "failed", "timeout"

# name: (program, tests, how it may be judged)
ESCAPES = {
    "files of the machine": (r'''
def reached():
    for path in ("/etc/shadow", "/etc/hostname", "/root", "/home", "/proc/self", "/sys/kernel", "/var/log", "/run", "/boot", "/dev/mem",
                 "/dev/shm", "CANARY", os.path.dirname("CANARY")):
        attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1))
    return found''', NOTHING, {PASS}),
    "links and .. out of the folder": (r'''
def reached():
    for number, target in enumerate(("/etc/shadow", "../../../etc/shadow", "CANARY", "/proc/1/root/etc/shadow")):
        os.symlink(target, "link%d" % number)
        attempt(target, lambda: open("link%d" % number).read(1))
    attempt("a hard link", lambda: os.link("/usr/bin/su", "su") is None)
    for _ in range(30): os.chdir("..")
    attempt("..", lambda: open("etc/shadow").read(1))
    root = os.open("/", os.O_RDONLY)
    attempt("openat", lambda: os.read(os.open("../../etc/shadow", os.O_RDONLY, dir_fd=root), 1))
    return found''', NOTHING, {PASS}),
    "writing outside of the folder": (r'''
def reached():
    for folder in ("/", "/usr", "/usr/bin", "/etc", "/dev", os.path.dirname(os.__file__)):
        attempt("make a file in " + folder, lambda: open(os.path.join(folder, "made"), "w"))
    for path in ("/run.py", "/etc/passwd", sys.executable, os.__file__):
        attempt("open " + path, lambda: open(path, "r+"))
        attempt("remove " + path, lambda: os.unlink(path) is None)
        attempt("chmod " + path, lambda: os.chmod(path, 0o777) is None)
    attempt("a device", lambda: os.mknod("/box/device", stat.S_IFBLK | 0o666, os.makedev(254, 0)) is None)
    return found''', NOTHING, {PASS}),
    "network": (r'''
def reached():
    def connect(family, kind, address):
        one = socket.socket(family, kind)
        one.settimeout(1)
        one.connect(address)
        one.send(b"x")
        return True
    attempt("tcp", lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", PORT)))
    attempt("udp", lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", PORT)))
    attempt("ipv6", lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, ("::1", PORT)))
    attempt("an abstract socket", lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0ABSTRACT"))
    for name, family, kind in (("netlink", 16, 3), ("packet", 17, 3), ("vsock", 40, 1), ("alg", 38, 5), ("raw", 2, 3)):
        attempt(name, lambda: socket.socket(family, kind))
    if libc.socket(ctypes.c_long(1 << 32 | 2), 1, 0) >= 0: found.append("high bits of the family")
    return found''', NOTHING, {PASS}),
    "mounts and namespaces": (r'''
def reached():
    call("mount", "mount", b"none", b"/box", b"tmpfs", 0, None)
    call("umount", "umount2", b"/usr", 2)
    call("chroot", "chroot", b"/box")
    for bit in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000): call("unshare %x" % bit, "unshare", bit)
    call("setns", "setns", 0, 0)
    for name, number in (("clone3", 435), ("open_tree", 428), ("fsopen", 430), ("mount_setattr", 442)):
        if libc.syscall(ctypes.c_long(number), 0, 0, 0, 0) >= 0: found.append(name)
    return found''', NOTHING, {PASS}),
    "ptrace and the kernel's other doors": (r'''
def reached():
    call("ptrace", "ptrace", 0, 0, None, None)
    call("ptrace of 1", "ptrace", 16, 1, None, None)
    call("process_vm_readv", "process_vm_readv", 1, None, 0, None, 0, 0)
    call("personality", "personality", 0x40000)
    call("memfd", "memfd_create", b"x", 0)
    call("shared memory", "shmget", 0, 4096, 0o1600)
    for name, number in (("pidfd_open", 434), ("io_uring_setup", 425), ("landlock", 444), ("pidfd_getfd", 438), ("memfd_secret", 447)):
        if libc.syscall(ctypes.c_long(number), 1, 0, 0, 0) >= 0: found.append(name)
    buffer = ctypes.create_string_buffer(b"x")
    for fd in range(6): call("TIOCSTI", "ioctl", fd, ctypes.c_ulong(0x5412), buffer)
    return found''', NOTHING, {PASS}),
    "another user": (r'''
def reached():
    for action in (lambda: os.setuid(0) is None, lambda: os.setgid(0) is None, lambda: os.setgroups([0]) is None): attempt("a set of ids", action)
    if libc.prctl(39, 0, 0, 0, 0) != 1: found.append("new privileges")
    found.extend("capability %d" % c for c in range(41) if libc.prctl(23, c, 0, 0, 0) == 1)
    import subprocess
    done = subprocess.run(["/usr/bin/su", "-c", "id -u"], env={"LD_PRELOAD": "/box/x.so"}, capture_output=True, stdin=subprocess.DEVNULL)
    if done.stdout.strip() == b"0": found.append("su")
    return found''', NOTHING, {PASS}),
    "signals to the parent and to others": (r'''
def reached():
    attempt("the test's process", lambda: os.kill(PID, 9) is None)
    attempt("the supervisor", lambda: os.getppid() and os.kill(os.getppid() + 100000, 9) is None)
    os.kill(1, 9)  # the sandbox's own init does not hear it
    return found''', NOTHING, {PASS}),
    "inherited descriptors": (r'''
def reached():
    for fd in range(1024):
        try: os.fstat(fd)
        except OSError: continue
        if fd not in (0, 1, 2, 4, 5): found.append(fd)
    return found''', NOTHING, {PASS}),
    "the environment": (r'''
def reached():
    return sorted(set(os.environ) - {"PATH", "HOME", "LANG", "PYTHONHASHSEED", "PWD", "LC_CTYPE"}) + [hash("x") != hash("x"), sys.flags.hash_randomization][1:] * sys.flags.hash_randomization''',
        NOTHING, {PASS}),
    "a process that stays": (r'''
def reached():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 32):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            os.closerange(0, 64)
            libc.prctl(15, b"MARK", 0, 0, 0)
            time.sleep(1000)
        os._exit(0)
    return found''', NOTHING, {PASS}),
    "more processes than there may be": (r'''
def reached():
    made = 0
    try:
        while made < 200:
            if os.fork() == 0: time.sleep(100)
            made += 1
    except OSError: pass
    if made > 24: found.append(made)
    attempt("a higher limit", lambda: resource.setrlimit(resource.RLIMIT_NPROC, (9999, 9999)) is None)
    return found''', NOTHING, {PASS, FAILED}),
    "a fork bomb": ('''
while True:
    try: os.fork()
    except OSError: pass''', NOTHING, {TIMEOUT, FAILED}),
    "an endless loop": ("while True: pass", NOTHING, {TIMEOUT}),
    "an endless loop in the call": ("def reached():\n    while True: pass", NOTHING, {TIMEOUT}),
    "sleep": ("def reached():\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    time.sleep(1000)", NOTHING, {TIMEOUT}),
    "10 GB": ("def reached(): return len(bytearray(10 << 30))", NOTHING, {FAILED}),
    "3 GB in many processes": ('''
def reached():
    for _ in range(20):
        if os.fork() == 0: break
    x = bytearray(150 << 20)
    for i in range(0, len(x), 4096): x[i] = 1
    time.sleep(100)''', NOTHING, {FAILED, TIMEOUT}),
    "10 GB of files": ('''
def reached():
    written = 0
    try:
        for i in range(10000): written += open("/box/%d" % i, "wb", 0).write(bytes(1 << 20))
    except OSError: pass
    if written > 64 << 20: found.append(written)
    for folder in ("/", "/dev", "/etc"): attempt(folder, lambda: open(folder + "/x", "wb"))
    return found''', NOTHING, {PASS}),
    "a million files": ("def reached():\n    for i in range(1000000): os.close(os.open('/box/%d' % i, os.O_CREAT))", NOTHING, {FAILED, TIMEOUT}),
    "endless output": ("def reached():\n    while True: os.write(1, b'x' * 65536)", NOTHING, {TIMEOUT}),
    "recursion without an end": ("sys.setrecursionlimit(10 ** 9)\ndef reached(): return reached()", NOTHING, {FAILED, TIMEOUT}),
}

FRAME = '''
def frame(data):
    data = len(data).to_bytes(4, "little") + data
    try:
        while data: data = data[os.write(5, data):]
    except OSError: pass
'''
FORGERIES = {
    "an exit with status 0": "def add(a, b): sys.exit(0)",
    "an end of the process": "def add(a, b): os._exit(0)",
    "an end before the tests": "os._exit(0)",
    "a printed verdict": "print('passed')\nsys.stderr.write('passed')\ndef add(a, b): return 0",
    "a verdict on every descriptor": "for fd in range(64):\n    try: os.write(fd, b'ready\\npassed\\n') if fd not in (4, 5) else 0\n    except OSError: pass\ndef add(a, b): return 0",
    "an object that equals everything": "class Equal:\n    __eq__ = __lt__ = __gt__ = lambda *a: True\n    __ne__ = lambda *a: False\n    __hash__ = lambda s: 0\n"
                                        "    __reduce__ = lambda s: (os._exit, (0,))\ndef add(a, b): return Equal()",
    "a number that equals everything": "class Equal(int):\n    __eq__ = lambda *a: True\n    __hash__ = int.__hash__\ndef add(a, b): return Equal(9)",
    "the tests in a frame": "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'tests' in o: o['tests'] = ''\ndef add(a, b):\n    f = sys._getframe(1)\n"
                            "    while f:\n        for name in list(f.f_locals):\n            if 'verdict' in name or 'tests' in name: f.f_locals[name] = 'passed'\n        f = f.f_back\n    return 0",
    "other builtins": "import builtins\nbuiltins.AssertionError = type('Quiet', (BaseException,), {'__init__': lambda *a: os._exit(0)})\n"
                      "builtins.compile = builtins.exec = lambda *a, **k: None\nabs = builtins.abs = lambda x: 0\ndef add(a, b): return 0",
    "replies ahead of the questions": FRAME + "for value in (b's1:x', b'i3;'):\n    frame(b'l3:s5:value' + value + b'N')\nframe(b'l3:s7:definedNN')\ndef add(a, b): return 0",
    "a frame of 4 GB": "os.write(5, b'\\xff\\xff\\xff\\xff')\ndef add(a, b): return 0",
    "a frame that nests": FRAME + "def add(a, b): frame(b'l1:' * 500000)",
    "a frame that is pickled": FRAME + "import pickle\nclass Run:\n    def __reduce__(self): return (os._exit, (0,))\ndef add(a, b):\n    frame(pickle.dumps(Run()))\n    return Run()",
    "numbers of nothing": FRAME + "def add(a, b): frame(b'l3:s5:valuer-1;N')",
    "hashes that collide": FRAME + "def add(a, b):\n    frame(b'l3:s5:valuee40000:' + b''.join(b'i%x;' % (k * (2 ** 61 - 1)) for k in range(1, 40001)) + b'N')\n    time.sleep(100)",
    "closed descriptors": "def add(a, b):\n    os.closerange(0, 1024)\n    return a + b",
}


def attacks():
    """(name, program, tests, the function's name, how it may be judged)"""
    for name, (program, tests, expected) in ESCAPES.items():
        yield name, HELP + program, tests, "reached", expected
    for name, program in FORGERIES.items():
        yield "forged: " + name, HELP + program, SUM, "add", {WRONG, FAILED, TIMEOUT}
