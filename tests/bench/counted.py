"""What counts instructions has in its environment."""

# The same code on every processor: OpenSSL and the C library would take
# other paths where there is AVX or SHA-NI.
PORTABLE = {
    "OPENSSL_ia32cap": "~0x1000000000000000:0",
    "GLIBC_TUNABLES":
        "glibc.cpu.hwcaps=-AVX2,-AVX512VL,-AVX512BW,-ERMS,-BMI2,-RTM",
}
