"""Reads a GGUF file (version 3, little-endian) into parts that a test can damage, and writes them again as they then are."""
import struct

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY = 8, 9
ALIGNMENT = 32


class Tensor:
    def __init__(self, name, dims, kind, offset):
        self.name, self.dims, self.kind, self.offset = name, dims, kind, offset


class Gguf:
    def __init__(self, path):
        self.bytes, self.at = path.read_bytes(), 0
        self.magic, self.version = self.bytes[:4], struct.unpack("<I", self.bytes[4:8])[0]
        self.at = 8
        tensor_count, pair_count = self.scalar("<Q"), self.scalar("<Q")
        self.tensor_count = self.pair_count = None  # None: as many as there are
        self.pairs = [(self.string(), *self.typed()) for _ in range(pair_count)]
        self.tensors = [self.tensor() for _ in range(tensor_count)]
        self.data = self.bytes[-(-self.at // ALIGNMENT) * ALIGNMENT:]

    def scalar(self, form):
        [value] = struct.unpack_from(form, self.bytes, self.at)
        self.at += struct.calcsize(form)
        return value

    def string(self):
        size = self.scalar("<Q")
        self.at += size
        return self.bytes[self.at - size:self.at]

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            inner, count = self.scalar("<I"), self.scalar("<Q")
            return inner, [self.value(inner) for _ in range(count)]
        return self.scalar(SCALARS[kind])

    def typed(self):
        kind = self.scalar("<I")
        return kind, self.value(kind)

    def tensor(self):
        name, rank = self.string(), self.scalar("<I")
        dims = [self.scalar("<Q") for _ in range(rank)]
        return Tensor(name.decode(), dims, self.scalar("<I"), self.scalar("<Q"))

    def find(self, name):
        return next(t for t in self.tensors if t.name == name)

    def set(self, key, kind, value):
        """Replaces the value of a key."""
        self.pairs = [(k, kind, value) if k == key.encode() else (k, old_kind, old) for k, old_kind, old in self.pairs]

    def remove(self, key):
        self.pairs = [pair for pair in self.pairs if pair[0] != key.encode()]

    def write(self, path):
        out = bytearray(self.magic + struct.pack("<I", self.version))
        out += struct.pack("<QQ", len(self.tensors) if self.tensor_count is None else self.tensor_count,
                           len(self.pairs) if self.pair_count is None else self.pair_count)
        for key, kind, value in self.pairs:
            out += text(key) + struct.pack("<I", kind) + packed(kind, value)
        for t in self.tensors:
            out += text(t.name.encode()) + struct.pack("<I", len(t.dims)) + b"".join(struct.pack("<Q", d) for d in t.dims)
            out += struct.pack("<IQ", t.kind, t.offset)
        out += bytes(-len(out) % ALIGNMENT)
        path.write_bytes(out + self.data)
        return path


def text(value):
    return struct.pack("<Q", len(value)) + value


def packed(kind, value):
    if kind == STRING:
        return text(value)
    if kind == ARRAY:
        inner, values = value
        return struct.pack("<IQ", inner, len(values)) + b"".join(packed(inner, v) for v in values)
    return struct.pack(SCALARS[kind], value) if kind in SCALARS else bytes(8)
