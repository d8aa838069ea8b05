"""What the server's own code says, asked through a script of this folder that imports it."""
import subprocess

from slices import HERE


def ask_server(script, question):
    """What training/`script` prints, given `question`; both bytes."""
    answer = subprocess.run(["node", f"training/{script}"], cwd=HERE.parent, input=question, capture_output=True)
    if answer.returncode:
        raise SystemExit(f"training/{script} failed (npm run build?): {answer.stderr.decode()}")
    return answer.stdout
