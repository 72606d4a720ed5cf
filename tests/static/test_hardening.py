"""What the compiler and the linker were asked for is in what they made."""

import os
import re
import subprocess

import pytest

BUILD = os.environ.get("LEADBRIDGE_BUILD", "build")
# Each begins a function that may be called through a pointer (Intel CET). The
# program's own note is another matter: the C library's start files have none
# in Debian 12, and the linker leaves it out then.
ENDBR64 = b"\xf3\x0f\x1e\xfa"
FEW = 500


def readelf(path):
    done = subprocess.run(["readelf", "-hldW", "--dyn-syms", path], check=True,
                          capture_output=True, text=True)
    return done.stdout


def lacks(path, names):
    """Those of `names` that do not hold for a program or module."""
    text = readelf(path)
    loads = re.findall(r"^ +(?:LOAD|GNU_STACK) .* ([RWE ]{3}) 0x", text, re.M)
    holds = {
        "position independent": re.search(r"Type: +DYN", text),
        "PIE": re.search(r"FLAGS_1\).*\bPIE", text),
        "RELRO": "GNU_RELRO" in text,
        "bound at the start": re.search(r"FLAGS_1\).*\bNOW", text),
        "stack not executable": re.search(r"GNU_STACK .* RW +0x", text),
        "nothing written and executed": loads and not any(
            "W" in flags and "E" in flags for flags in loads),
        "no TEXTREL": "TEXTREL" not in text,
        "no folder to look for libraries": not re.search(
            r"\((RPATH|RUNPATH)\)", text),
        "stack protector": "__stack_chk_fail" in text,
        "fortified": re.search(r"UND __\w+_chk\b", text),
    }
    return [name for name in names if not holds[name]]


MODULE = ["position independent", "RELRO", "bound at the start",
          "stack not executable", "nothing written and executed", "no TEXTREL",
          "no folder to look for libraries", "stack protector"]
PROGRAM = [*MODULE, "PIE", "fortified"]


def test_program():
    path = os.path.join(BUILD, "leadbridge")
    assert lacks(path, PROGRAM) == []
    if "X86-64" in readelf(path):
        with open(path, "rb") as f:
            assert f.read().count(ENDBR64) > FEW


def test_module():
    assert lacks(os.path.join(BUILD, "leadbridge-phone.so"), MODULE) == []


WEAK = """
#include <string.h>
int main(int argc, char **argv)
{
	char text[64];
	strcpy(text, argv[argc - 1]);
	return (int)strlen(text);
}
"""


@pytest.mark.parametrize("flags, missing", [
    (["-no-pie"], ["position independent", "PIE"]),
    (["-Wl,-z,norelro"], ["RELRO"]),
    (["-Wl,-z,lazy"], ["bound at the start"]),
    (["-z", "execstack"],
     ["stack not executable", "nothing written and executed"]),
    (["-Wl,-rpath,/nowhere"], ["no folder to look for libraries"]),
    (["-fno-stack-protector"], ["stack protector"]),
    (["-U_FORTIFY_SOURCE"], ["fortified"]),
    ([], []),
])
def test_what_is_missing_is_seen(tmp_path, flags, missing):
    """The same program, made well but for one thing."""
    source, made = tmp_path / "weak.c", tmp_path / "weak"
    source.write_text(WEAK)
    subprocess.run(
        ["gcc", "-O2", "-fPIE", "-pie", "-fstack-protector-strong",
         "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now",
         *flags, str(source), "-o", str(made)], check=True)
    assert sorted(lacks(str(made), PROGRAM)) == sorted(missing)
