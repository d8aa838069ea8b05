"""Runs scripts of this folder that import the server's own code, so that training uses the same code as users."""

import subprocess

from slices import HERE


def ask_server(script: str, question: bytes) -> bytes:
    """Standard output of `node training/<script>`, which reads `question` from standard input.

    Raises SystemExit with the script's standard error when the script fails.
    """
    answer = subprocess.run(["node", f"training/{script}"], cwd=HERE.parent, input=question, capture_output=True)
    if answer.returncode:
        raise SystemExit(f"training/{script} failed (npm run build?): {answer.stderr.decode()}")
    return answer.stdout
