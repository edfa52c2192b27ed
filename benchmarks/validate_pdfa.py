"""Validate PDFs against PDF/A-2b with veraPDF, the reference validator, where it can be had.

veraPDF is Java and no dependency of the product: its library (MPL-2.0 or
GPL-3.0) is fetched by Maven into a folder of your choice and run from there.

    python benchmarks/validate_pdfa.py --lib ~/.cache/verapdf archive/documents

The first run needs `mvn`, a JDK of 11 or later and Maven Central; later runs
only the JDK. Exit code 0: all valid; 1: some are not; 2: veraPDF cannot be had.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

VERAPDF_VERSION = "1.28.2"
FILES_PER_RUN = 200
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>local</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.verapdf</groupId><artifactId>validation-model</artifactId>
    <version>{VERAPDF_VERSION}</version>
  </dependency></dependencies>
</project>
"""
_JAVA = """
import java.io.FileInputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.*;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.*;

public class Validate {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        VeraPDFFoundry foundry = Foundries.defaultInstance();
        for (String file : files) {
            try (FileInputStream in = new FileInputStream(file);
                 PDFAParser parser = foundry.createParser(in, PDFAFlavour.PDFA_2_B)) {
                PDFAValidator validator = foundry.createValidator(PDFAFlavour.PDFA_2_B, false);
                ValidationResult result = validator.validate(parser);
                System.out.println((result.isCompliant() ? "valid   " : "INVALID ") + file);
                for (TestAssertion finding : result.getTestAssertions()) {
                    System.out.println("    " + finding.getRuleId().getClause() + " " + finding.getMessage());
                }
            } catch (Exception error) {
                System.out.println("INVALID " + file + "\\n    " + error);
            }
        }
    }
}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, help="PDF files, or folders to search for both PDFs of documents"
    )
    parser.add_argument("--lib", type=Path, required=True, help="folder for veraPDF's jars")
    options = parser.parse_args(arguments)
    if not fetch(options.lib):
        print("veraPDF cannot be had: needs mvn and a JDK (java, with its compiler) and Maven Central")
        return 2
    invalid, total = validate(find(options.paths), options.lib)
    print(f"{total - invalid} of {total} files are valid PDF/A-2b (veraPDF {VERAPDF_VERSION})")
    return 1 if invalid or not total else 0


def find(paths: Sequence[Path]) -> list[Path]:
    """Files as given; in folders every document.pdf and document-small.pdf."""
    found: list[Path] = []
    for path in paths:
        found += (
            sorted([*path.rglob("document.pdf"), *path.rglob("document-small.pdf")])
            if path.is_dir()
            else [path]
        )
    return found


def fetch(lib: Path) -> bool:
    """veraPDF's jars are in `lib`, fetched if need be."""
    if shutil.which("java") is None:
        return False
    if list(lib.glob(f"validation-model-{VERAPDF_VERSION}.jar")):
        return True
    if shutil.which("mvn") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pom.xml").write_text(_POM, "utf-8")
        goal = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={lib.resolve()}"]
        return subprocess.run(goal, cwd=folder, timeout=600).returncode == 0


def validate(files: Sequence[Path], lib: Path) -> tuple[int, int]:
    """Prints each verdict; how many are invalid, and how many there were."""
    invalid = 0
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "Validate.java"
        program.write_text(_JAVA, "utf-8")
        for start in range(0, len(files), FILES_PER_RUN):
            chosen = [str(file) for file in files[start : start + FILES_PER_RUN]]
            command = ["java", "-cp", f"{lib}/*", str(program), *chosen]
            done = subprocess.run(command, capture_output=True, text=True, timeout=1_800)
            print(done.stdout, end="")
            valid = sum(line.startswith("valid ") for line in done.stdout.splitlines())
            if done.returncode:
                print(done.stderr, file=sys.stderr)
            invalid += len(chosen) - valid
    return invalid, len(files)


if __name__ == "__main__":
    sys.exit(main())
