"""XXH3, the 64-bit variant with a seed, after its public specification. As a program, it tests itself."""

from operator import mul
from struct import pack, unpack, unpack_from

MASK = 0xFFFFFFFFFFFFFFFF
P32_1, P32_2, P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
P64_1, P64_2, P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P64_4, P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
MIX_1, MIX_2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
BLOCK, STRIPE = 1024, 64

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)


def u64(data, offset):
    return unpack_from("<Q", data, offset)[0]


def u32(data, offset):
    return unpack_from("<I", data, offset)[0]


def swap64(value):
    return int.from_bytes(value.to_bytes(8, "little"), "big")


def rotate(value, bits):
    return (value << bits | value >> (64 - bits)) & MASK


def fold(left, right):
    product = left * right
    return product & MASK ^ product >> 64


def avalanche(h):
    h ^= h >> 37
    h = h * MIX_1 & MASK
    return h ^ h >> 32


def avalanche_short(h):
    h ^= h >> 33
    h = h * P64_2 & MASK
    h ^= h >> 29
    h = h * P64_3 & MASK
    return h ^ h >> 32


def mix16(data, offset, secret_offset, seed):
    return fold(
        u64(data, offset) ^ u64(SECRET, secret_offset) + seed & MASK,
        u64(data, offset + 8) ^ u64(SECRET, secret_offset + 8) - seed & MASK,
    )


def hash_to_16(data, seed):
    size = len(data)
    if size > 8:
        low = u64(data, 0) ^ (u64(SECRET, 24) ^ u64(SECRET, 32)) + seed & MASK
        high = u64(data, size - 8) ^ (u64(SECRET, 40) ^ u64(SECRET, 48)) - seed & MASK
        return avalanche(size + swap64(low) + high + fold(low, high) & MASK)
    if size >= 4:
        seed ^= swap64(seed & 0xFFFFFFFF)
        flip = (u64(SECRET, 8) ^ u64(SECRET, 16)) - seed & MASK
        h = u32(data, size - 4) + (u32(data, 0) << 32) ^ flip
        h ^= rotate(h, 49) ^ rotate(h, 24)
        h = h * MIX_2 & MASK
        h ^= (h >> 35) + size
        h = h * MIX_2 & MASK
        return h ^ h >> 28
    if size:
        combined = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
        return avalanche_short(combined ^ (u32(SECRET, 0) ^ u32(SECRET, 4)) + seed & MASK)
    return avalanche_short(seed ^ u64(SECRET, 56) ^ u64(SECRET, 64))


def hash_to_240(data, seed):
    size = len(data)
    h = size * P64_1
    if size <= 128:
        for i in range((size - 1) // 32 + 1):
            h += mix16(data, 16 * i, 32 * i, seed)
            h += mix16(data, size - 16 * (i + 1), 32 * i + 16, seed)
        return avalanche(h & MASK)
    for i in range(8):
        h += mix16(data, 16 * i, 16 * i, seed)
    h = avalanche(h & MASK)
    for i in range(8, size // 16):
        h += mix16(data, 16 * i, 16 * (i - 8) + 3, seed)
    return avalanche(h + mix16(data, size - 16, 119, seed) & MASK)


def derived_secret(seed):
    words = unpack("<24Q", SECRET)
    return pack("<24Q", *((w - seed if i & 1 else w + seed) & MASK for i, w in enumerate(words)))


def accumulate(lanes, stripes, key):
    """Adds whole stripes to the lanes; `key` is as long as the stripes."""
    # One exclusive-or of everything, and sums of columns: loops over words would take ten times as long.
    size = len(stripes)
    mixed = int.from_bytes(stripes, "little") ^ int.from_bytes(key[:size], "little")
    halves = unpack(f"<{size // 4}I", mixed.to_bytes(size, "little"))
    words = unpack(f"<{size // 8}Q", stripes)
    return [
        lane + sum(words[i ^ 1 :: 8]) + sum(map(mul, halves[2 * i :: 16], halves[2 * i + 1 :: 16])) & MASK
        for i, lane in enumerate(lanes)
    ]


def hash_long(data, seed):
    size = len(data)
    secret = derived_secret(seed)
    key = b"".join(secret[8 * i : 8 * i + STRIPE] for i in range(BLOCK // STRIPE))
    scramble = unpack("<8Q", secret[-STRIPE:])
    lanes = [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1]
    last_block = (size - 1) // BLOCK * BLOCK
    for offset in range(0, last_block, BLOCK):
        lanes = accumulate(lanes, data[offset : offset + BLOCK], key)
        lanes = [(lane ^ lane >> 47 ^ k) * P32_1 & MASK for lane, k in zip(lanes, scramble)]
    last_stripe = last_block + (size - 1 - last_block) // STRIPE * STRIPE
    lanes = accumulate(lanes, data[last_block:last_stripe], key)
    lanes = accumulate(lanes, data[size - STRIPE :], secret[-STRIPE - 7 : -7])
    merged = unpack_from("<8Q", secret, 11)
    h = size * P64_1
    for i in range(0, 8, 2):
        h += fold(lanes[i] ^ merged[i], lanes[i + 1] ^ merged[i + 1])
    return avalanche(h & MASK)


def xxh3_64(data, seed=0):
    """The hash of bytes as a number."""
    if len(data) <= 16:
        return hash_to_16(data, seed)
    if len(data) <= 240:
        return hash_to_240(data, seed)
    return hash_long(data, seed)


try:
    from xxhash import xxh3_64_intdigest as xxh3  # In C: the same, faster.
except ImportError:
    xxh3 = xxh3_64


def main():
    vectors = [
        (b"", 0, 0x2D06800538D394C2),
        (b"a", 0, 0xE6C632B61E964E1F),
        (b"abcdef", 7, 0xF014CCF5B557914A),
        (bytes(range(12)), 8, 0xD9B3909EA8F70248),
        (bytes(range(100)), 1, 0xCEB0D9BDF606EFA6),
        (bytes(range(200)), 1, 0x4E18EB39C54569E1),
        (bytes(range(250)) * 9, 5, 0x4EA1A082845CE767),
    ]
    for data, seed, expected in vectors:
        assert xxh3_64(data, seed) == xxh3(data, seed) == expected, (len(data), seed)


if __name__ == "__main__":
    main()
