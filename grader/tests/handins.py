"""Hand-ins as people make them: right work with a habit, and what becomes of it.

The work is that of `habits/`, in the style of the released stubs.
"""

from __future__ import annotations

import codecs
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.project import KNOWN

GAN, DIFFUSION = ((KNOWN / "habits" / name).read_text(encoding="utf-8") for name in ("hw5_gan.py", "hw5_diffusion.py"))
GUARD = 'if __name__ == "__main__":\n'

Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class HandIn:
    """Files by their names, the points they earn (in `questions`, all of the others being lost), and what is read.

    `says` is a pattern in one of the rows, `note` one above them.
    """

    kind: str
    files: Files
    points: float
    says: str = ""
    note: str = ""

    def put(self, folder: Path) -> Path:
        """Write the files; returns the folder."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder


def gan(code: str = "", change: Callable[[str], str] = str) -> dict[str, str]:
    """The GAN, with code before it, and changed."""
    return {"hw5_gan.py": code + change(GAN)}


def diffusion(code: str = "", change: Callable[[str], str] = str) -> dict[str, str]:
    """The diffusion model, in the same way."""
    return {"hw5_diffusion.py": code + change(DIFFUSION)}


def put(old: str, new: str) -> Callable[[str], str]:
    """Replace a text, which must be there."""

    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new)

    return change


def in_turn(*changes: Callable[[str], str]) -> Callable[[str], str]:
    """One change after another."""

    def change(text: str) -> str:
        for one in changes:
            text = one(text)
        return text

    return change


def without_guard(text: str) -> str:
    """Run what stands under the guard at once."""
    before, after = text.split(GUARD)
    return before + "\n".join(line.removeprefix("    ") for line in after.splitlines()) + "\n"


def zipped(files: Files, **options: int) -> bytes:
    """A zip of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", **options) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def tarred(files: Files, mode: str = "w:gz") -> bytes:
    """A tar of these files, compressed as the mode says."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload]
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
IN_SAMPLER = put("    x = torch.randn(n_samples, 2)\n", "    {}\n    x = torch.randn(n_samples, 2)\n")
IN_TRAIN = put("        # first download\n", "        {}\n")


def in_sampler(code: str) -> Callable[[str], str]:
    """A statement at the start of the sampler."""
    return lambda text: IN_SAMPLER(text).replace("    {}\n", f"    {code}\n", 1)


def in_train(code: str) -> Callable[[str], str]:
    """A statement at the start of the GAN's training."""
    return lambda text: IN_TRAIN(text).replace("        {}\n", f"        {code}\n", 1)


LOADER = "            drop_last=True,\n"
BOTH = {**gan(), **diffusion()}
CHDIR = "import os\nos.chdir(os.path.dirname(os.path.abspath(__file__)))\nos.makedirs('data', exist_ok=True)\n"
BAR = in_turn(
    put("for s in sigmas:", "for s in tqdm(sigmas):"),
    put("import cv2\n", "import cv2\nfrom tqdm.notebook import tqdm\n"),
)
HELD = "import torch\nclass Layer(torch.nn.Linear):\n    pass\n"
DISC_LOSS = "        return crit(real, torch.ones_like(real)) + crit(fake, torch.zeros_like(fake))\n"
GEN_LOSS = "        return crit(fake, torch.ones_like(fake))\n"
STEPS_ONLY = in_turn(
    put("                    loss_d.backward()\n", ""), put("                    loss_g.backward()\n", "")
)

SHOWS_NOTHING = "only shows or records things"

GRADED = [
    # where it writes
    HandIn(
        "chdir to its own folder",
        {
            **gan(CHDIR),
            **diffusion(
                "import os\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
                "os.makedirs(os.path.join(HERE, 'figures'), exist_ok=True)\n"
            ),
        },
        20,
    ),
    HandIn(
        "folders made with pathlib at import, written to in the training",
        gan(
            "from pathlib import Path\nOUT = Path('results'); OUT.mkdir(parents=True, exist_ok=True)\n",
            in_train("(OUT / 'log.txt').write_text('begun')"),
        ),
        10,
    ),
    HandIn(
        "everything beside the module, by absolute paths",
        gan(
            "import os\nHERE = os.path.dirname(os.path.realpath(__file__))\nos.makedirs(HERE + '/out', exist_ok=True)\n"
            "open(HERE + '/log.txt', 'a').write('begun')\n",
            in_turn(
                put('"test_{0}.png".format(epoch)', 'HERE + "/out/test_{0}.png".format(epoch)'),
                put('f"./data/{f_name}"', 'f"{HERE}/data/{f_name}"'),
            ),
        ),
        10,
    ),
    HandIn(
        "chdir to its own folder in the training",
        gan("import os\n", in_train("os.chdir(os.path.dirname(os.path.abspath(__file__)))")),
        10,
    ),
    # the command line
    HandIn(
        "argparse at import",
        diffusion(
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=1.0)\n"
            "args = p.parse_args()\n"
        ),
        10,
    ),
    HandIn(
        "sys.argv by hand, and a parser in the sampler",
        diffusion(
            "import sys\nassert sys.argv[0].endswith('hw5_diffusion.py') and sys.argv[1:] == []\n"
            "LR = float(sys.argv[1]) if len(sys.argv) > 1 else 0.1\n",
            in_sampler("import argparse; argparse.ArgumentParser().parse_args()"),
        ),
        10,
    ),
    HandIn(
        "an argument that must be given",
        diffusion("import argparse\np = argparse.ArgumentParser()\np.add_argument('data')\np.parse_args()\n"),
        0,
        says="(?s)SystemExit.*give each one a default",
    ),
    # processes and compilers
    HandIn(
        "workers",
        gan(
            "",
            put(
                LOADER,
                LOADER + "            num_workers=2,\n            persistent_workers=True,\n"
                "            prefetch_factor=4,\n",
            ),
        ),
        10,
        says="num_workers was 0",
    ),
    HandIn(
        "workers in a class of its own, by position",
        gan(
            "from torch.utils.data import DataLoader as Base\n",
            in_turn(
                put(
                    "class DNet",
                    "class DataLoader(Base):\n    def __init__(self, data, batch_size, **named):\n"
                    "        super().__init__(data, batch_size, True, None, None, 4, drop_last=True)\n\n\nclass DNet",
                ),
                put("            shuffle=True,\n", ""),
            ),
        ),
        10,
        says="num_workers was 0",
    ),
    HandIn(
        "a pool of processes",
        gan(
            "import multiprocessing\n",
            in_train("with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1, 1]) == [1, 1]"),
        ),
        10,
    ),
    HandIn(
        "torch.compile as a decorator, of a network, in place",
        {
            **gan(
                "",
                in_turn(
                    put(
                        "self.disc = DNet().to(self._dev)",
                        "self.disc = torch.compile(DNet().to(self._dev), mode='max-autotune')",
                    ),
                    put(
                        "        self.gen = GNet(self._zdim).to(self._dev)\n",
                        "        self.gen = GNet(self._zdim).to(self._dev)\n        self.gen.compile()\n",
                    ),
                ),
            ),
            **diffusion(
                "",
                in_turn(
                    put("@torch.no_grad()", "@torch.no_grad()\n@torch.compile(dynamic=True)"),
                    put("def compute_denoising_loss", "@torch.compile\ndef compute_denoising_loss"),
                ),
            ),
        },
        20,
        says="without it",
    ),
    # notebooks
    HandIn(
        "tqdm.notebook",
        {**gan("", put("from tqdm import tqdm", "from tqdm.notebook import tqdm")), **diffusion("", BAR)},
        20,
        says=SHOWS_NOTHING,
    ),
    HandIn(
        "lines of a notebook",
        {
            **gan(
                "%matplotlib inline\n!pip install torch \\\n    torchvision\n",
                in_train("files = !ls\n        %time x = 1"),
            ),
            **diffusion(
                "get_ipython().run_line_magic('matplotlib', 'inline')\n"
                "from IPython.display import clear_output, display\nimport ipywidgets as widgets\n"
                "from google.colab import drive\ndrive.mount('/content/drive')\nimport os\n"
                "os.chdir('/content/drive/MyDrive/hw5')\n",
                in_sampler("clear_output(wait=True)"),
            ),
        },
        20,
        says="(?s)only a notebook understands|only shows",
    ),
    HandIn("a notebook under a module's name", {"hw5_gan.py": NOTEBOOK}, 0, says="(?s)holds a notebook.*nbconvert"),
    # what is not there
    HandIn(
        "libraries for what is not graded",
        {
            **gan(
                "import wandb\nimport seaborn as sns\nsns.set_theme()\nwandb.init(project='hw5')\n"
                "from torch.utils.tensorboard import SummaryWriter\nfrom torchsummary import summary\n",
                in_train("writer = SummaryWriter('runs'); writer.add_scalar('a', 1.0, 0); wandb.log({'a': 1})"),
            ),
            **diffusion(
                "import scipy.stats\nimport pandas as pd\nfrom sklearn.neighbors import KernelDensity\n"
                "import a_library_of_nobody as nobody\n\n\ndef plot(frame: pd.DataFrame) -> None:\n"
                "    scipy.stats.norm.pdf(0), KernelDensity(), nobody.draw(frame)\n\n\n"
            ),
        },
        20,
        says="(?s)scipy is not installed|seaborn only shows",
    ),
    HandIn(
        "a library that is asked for first",
        diffusion(
            "try:\n    import google.colab\n    IN_COLAB = True\nexcept ImportError:\n    IN_COLAB = False\n"
            "try:\n    get_ipython\nexcept NameError:\n    from tqdm import tqdm\n"
            "import importlib.util\nassert not IN_COLAB and importlib.util.find_spec('wandb') is None\n",
            put("for s in sigmas:", "for s in tqdm(sigmas):"),
        ),
        10,
    ),
    HandIn(
        "a library that the sampler needs",
        diffusion("from scipy import stats\n", in_sampler("stats.norm.rvs()")),
        6,
        says=r"(?s)No module named 'scipy'.*homework needs none but torch",
    ),
    HandIn(
        "a GPU without asking",
        gan("", put('torch.device("cuda" if torch.cuda.is_available() else "cpu")', 'torch.device("cuda:0")')),
        9,
        says="(?s)4.6|This computer has no GPU",
    ),
    HandIn(
        "a function in the course's helper",
        {**gan("from hw5_utils import show_grid\n"), "hw5_utils.py": "def show_grid(): pass\n"},
        0,
        says="(?s)`show_grid` is not in the course's hw5_utils.py",
        note="hw5_utils.py was handed in with changes",
    ),
    # imports that do not end
    HandIn("training without a guard", diffusion("", without_guard), 10, says=r"still running when its time was over"),
    HandIn(
        "training without a guard that catches everything",
        diffusion(
            "",
            in_turn(
                without_guard,
                put("    for i in range(n_iters):\n", "    while True:\n      try:\n       for i in range(n_iters):\n"),
                lambda text: text.replace(
                    "        opt.zero_grad()\n", "        opt.zero_grad(); continue\n", 1
                ).replace("    torch.save(net", "      except:\n        pass\n    torch.save(net"),
            ),
        ),
        10,
        says=r"still running when its time was over",
    ),
    HandIn(
        "waiting for somebody without a guard",
        gan(
            "import threading, time\n",
            lambda text: without_guard(put("    gan.train()\n", "    threading.Event().wait()\n")(text)),
        ),
        10,
        says="still running",
    ),
    # gradients
    HandIn(
        "backward in the losses, term by term",
        gan(
            "",
            in_turn(
                STEPS_ONLY,
                put(
                    DISC_LOSS,
                    "        a, b = crit(real, torch.ones_like(real)), crit(fake, torch.zeros_like(fake))\n"
                    "        a.backward()\n        b.backward()\n        return a + b\n",
                ),
                put(
                    GEN_LOSS,
                    "        loss = crit(fake, torch.ones_like(fake))\n        loss.backward()\n        return loss\n",
                ),
            ),
        ),
        10,
        says="backpropagated already",
    ),
    HandIn(
        "backward in the losses, which return numbers",
        gan(
            "",
            in_turn(
                STEPS_ONLY,
                put(
                    DISC_LOSS,
                    "        loss = crit(real, torch.ones_like(real)) + crit(fake, torch.zeros_like(fake))\n"
                    "        loss.backward()\n        return loss.detach()\n",
                ),
                put(
                    GEN_LOSS,
                    "        loss = crit(fake, torch.ones_like(fake))\n        loss.backward()\n"
                    "        return loss.detach()\n",
                ),
            ),
        ),
        10,
        says="backpropagated already",
    ),
    # files and folders
    HandIn(
        "a package with relative imports, and settings",
        {
            **gan(
                "import json\nimport os\nfrom models import Layer\nfrom models.deep.more import THREE\n"
                "assert json.load(open('config.json'))['three'] == THREE\n",
                put("nn.Linear(200, 1)", "Layer(200, 1)"),
            ),
            "models/__init__.py": "from .layers import Layer\n",
            "models/layers.py": HELD,
            "models/deep/more.py": "from ..layers import Layer\nTHREE = 3\n",
            "config.json": '{"three": 3}',
        },
        10,
    ),
    HandIn(
        "run from the folder above, as a part of a package",
        {
            "hw5/hw5_gan.py": "from hw5.layers import Layer\n" + GAN.replace("nn.Linear(200, 1)", "Layer(200, 1)"),
            "hw5/hw5_diffusion.py": "from .layers import Layer\n" + DIFFUSION,
            "hw5/layers.py": HELD,
            "hw5/__init__.py": "",
        },
        20,
    ),
    HandIn(
        "names of a learning platform",
        {
            "exampleada_340934_208490284_hw5_gan-1.py": "from layers import Layer\n" + GAN,
            "exampleada_340934_208490285_layers.py": HELD,
            "exampleada_340934_208490286_hw5_diffusion.py": DIFFUSION,
        },
        20,
        note="was graded as hw5_gan.py",
    ),
    HandIn(
        "two versions",
        {"hw5_v2/hw5_gan.py": "class DNet: pass\n", **{f"hw5_v10/{n}": t for n, t in gan().items()}},
        10,
        note=r"'hw5_v10/hw5_gan.py' was graded, not 'hw5_v2/hw5_gan.py'",
    ),
    HandIn(
        "UTF-16 and a code page of Windows",
        {
            "hw5_gan.py": codecs.BOM_UTF16_BE + ("# -*- coding: utf-16 -*-\n" + GAN).encode("utf-16-be"),
            "hw5_diffusion.py": ("# Größe \u20ac\n" + DIFFUSION).encode("cp1252"),
        },
        20,
        says="not saved as UTF-8",
    ),
    HandIn(
        "a compressed tar beside a report",
        {"report.pdf": b"%PDF", "hw5.tar.gz": tarred({f"hw5/{name}": text for name, text in BOTH.items()})},
        20,
        note="'hw5.tar.gz' was unpacked",
    ),
]
"""Right work and its habits, through the bench."""
