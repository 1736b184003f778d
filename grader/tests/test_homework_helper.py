"""The course's helper module: the data, the points of CS446, the noise levels and the score plot."""

import gzip
import hashlib
import importlib
import io
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import requests
import torch
from torchvision import transforms
from torchvision.datasets import MNIST

from grader.release import template

NAME = "train-images-idx3-ubyte.gz"
DIGITS = np.random.default_rng(0).integers(0, 256, size=(5, 28, 28), dtype=np.uint8)


@pytest.fixture
def helper(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the reference's hw5_utils, apart from a module of that name that another test imported."""
    monkeypatch.syspath_prepend(str(template.REFERENCE))
    monkeypatch.delitem(sys.modules, "hw5_utils", raising=False)
    module = importlib.import_module("hw5_utils")
    monkeypatch.setitem(sys.modules, "hw5_utils", module)
    return module


def idx(digits: np.ndarray = DIGITS, magic: int = 0x803) -> bytes:
    """Return the digits `(n, rows, columns)` as an unpacked IDX file."""
    return struct.pack(">4I", magic, *digits.shape) + digits.tobytes()


PACKED = gzip.compress(idx(), mtime=0)


def written(folder: Path, packed: bytes) -> str:
    """Write the file and return its path as GANDataset takes it."""
    path = folder / "digits.gz"
    path.write_bytes(packed)
    return str(path)


# --- importing ------------------------------------------------------------------------------------


def test_importing_the_helper_loads_neither_opencv_nor_matplotlib():
    code = "import sys, hw5_utils; print([m for m in ('cv2', 'matplotlib', 'torchvision') if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=template.REFERENCE, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


# --- create_samples -------------------------------------------------------------------------------


def test_the_points_are_the_pixels_that_opencv_4_draws(helper: ModuleType):
    cv2 = pytest.importorskip("cv2")
    if not cv2.__version__.startswith("4."):
        pytest.skip("other versions of OpenCV have other glyphs")
    canvas = np.zeros((64, 128), np.uint8)
    cv2.putText(canvas, "CS446", (0, 31), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 3)
    rows, columns = np.nonzero(canvas)
    assert len(rows) == 1291
    pixels = {(column - columns.mean(), rows.mean() - row) for row, column in zip(rows, columns, strict=True)}
    points = helper.create_samples(noise=0) * np.ptp(rows)
    assert points.shape == (1291, 2)
    assert {(round(x, 6), round(y, 6)) for x, y in points} == {(round(x, 6), round(y, 6)) for x, y in pixels}


def test_the_points_are_centred_and_of_height_one(helper: ModuleType):
    points = helper.create_samples(noise=0)
    assert points.dtype == np.float64
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-12)
    assert np.ptp(points[:, 1]) == pytest.approx(1)
    assert np.ptp(points[:, 0]) == pytest.approx(99 / 25)  # pixels 1 to 100 by 8 to 33


def test_the_text_reads_from_left_to_right_and_stands_upright(helper: ModuleType):
    points = helper.create_samples(noise=0)
    # The first letter, C, is open to the right: its middle third has ink on the left side only.
    left, bottom = points.min(axis=0)
    letter = points[points[:, 0] < left + 0.8]
    middle = letter[np.abs(letter[:, 1] - (bottom + 0.5)) < 0.04]
    assert middle[:, 0].max() < left + 0.3
    # The 4 has its crossbar, its widest row, below the middle.
    four = points[np.abs(points[:, 0] - (left + 2.08)) < 0.4]
    heights, counts = np.unique(four[:, 1].round(6), return_counts=True)
    assert heights[counts.argmax()] < bottom + 0.5


def test_noise_is_gaussian_of_the_given_scale_and_follows_the_seed(helper: ModuleType):
    clean = helper.create_samples(noise=0)
    torch.manual_seed(0)
    noise = (helper.create_samples(noise=0.5) - clean) / 0.5
    # 2582 standard normals; six standard errors leave a chance of 2e-9.
    n = noise.size
    assert abs(noise.mean()) < 6 / n**0.5
    assert abs(noise.var() - 1) < 6 * (2 / n) ** 0.5
    assert abs((np.abs(noise) > 2).mean() - 0.0455) < 6 * (0.0455 * 0.9545 / n) ** 0.5
    torch.manual_seed(0)
    np.testing.assert_array_equal((helper.create_samples(noise=0.5) - clean) / 0.5, noise)
    assert not np.array_equal(helper.create_samples(), helper.create_samples())


# --- generate_sigmas and plot_score ---------------------------------------------------------------


@pytest.mark.parametrize(("begin", "end", "n"), [(0.3, 0.01, 10), (1.0, 0.5, 2), (2.0, 1e-3, 7)])
def test_the_noise_levels_are_geometric_and_include_both_ends(helper: ModuleType, begin: float, end: float, n: int):
    sigmas = helper.generate_sigmas(begin, end, n)
    assert sigmas.shape == (n,)
    assert sigmas[0] == begin
    assert sigmas[-1] == end
    np.testing.assert_allclose(sigmas[1:] / sigmas[:-1], (end / begin) ** (1 / (n - 1)))


def test_the_score_plot_asks_for_sigma_one_tenth_on_a_grid_over_the_data(
    helper: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    class Spring(torch.nn.Module):
        """A score that pulls x to the origin and y away from it."""

        def __init__(self) -> None:
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(()))

        def forward(self, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
            self.x, self.sigma = x, sigma
            return x * torch.tensor([-1.0, 2.0])

    spring = Spring()
    figure, axes = plt.subplots()
    helper.plot_score(spring, np.array([[-2.0, -0.5], [2.0, 0.5]]))
    (arrows,) = [artist for artist in axes.collections if hasattr(artist, "U")]
    plt.close(figure)
    assert spring.x.shape == (5000, 2)
    assert spring.x.min(dim=0).values.tolist() == [-2.0, -0.5]
    assert spring.x.max(dim=0).values.tolist() == [2.0, 0.5]
    assert torch.unique(spring.sigma).tolist() == pytest.approx([0.1])
    np.testing.assert_allclose(arrows.U.ravel(), -arrows.X.ravel(), rtol=1e-6)
    np.testing.assert_allclose(arrows.V.ravel(), 2 * arrows.Y.ravel(), rtol=1e-6)


# --- GANDataset -----------------------------------------------------------------------------------


def test_the_dataset_holds_every_digit_as_float(helper: ModuleType, tmp_path: Path):
    digits = helper.GANDataset(written(tmp_path, gzip.compress(idx())), "cpu")
    assert len(digits) == 5
    for i in range(5):
        assert digits[i].dtype == torch.float32
        assert digits[i].shape == (1, 28, 28)
        np.testing.assert_array_equal(digits[i][0].numpy(), DIGITS[i])


@pytest.mark.parametrize(
    "transform",
    [
        transforms.Normalize((0.0,), (255.0,)),
        transforms.Compose([transforms.Normalize((0.0,), (255.0,)), transforms.Normalize((0.5,), (0.5,))]),
        transforms.Compose([transforms.Normalize((3.0,), (2.0,)), transforms.RandomHorizontalFlip(p=1)]),
        lambda digit: digit - digit.mean(),
        transforms.CenterCrop(20),
    ],
    ids=["normalize", "two normalizations", "mixed", "statistics of the digit", "other shape"],
)
def test_a_transform_sees_each_digit_alone(helper: ModuleType, tmp_path: Path, transform: object):
    digits = helper.GANDataset(written(tmp_path, gzip.compress(idx())), "cpu", transform=transform)
    for i in range(5):
        alone = transform(torch.tensor(DIGITS[i : i + 1], dtype=torch.float32))
        torch.testing.assert_close(digits[i], alone, rtol=0, atol=0)


def test_a_random_transform_chooses_for_each_digit(helper: ModuleType, tmp_path: Path):
    path = written(tmp_path, gzip.compress(idx(np.ones((64, 28, 28), np.uint8))))
    digits = helper.GANDataset(path, "cpu", transform=transforms.RandomApply([lambda digit: digit * 0]))
    assert {digits[i].max().item() for i in range(64)} == {0.0, 1.0}  # all alike: a chance of 2^-63


@pytest.mark.parametrize(
    ("packed", "problem"),
    [
        (gzip.compress(idx())[:-100], "no complete gzip file"),
        (b"<html>not found</html>", "no complete gzip file"),
        (b"", "has 0 bytes"),
        (gzip.compress(idx())[:20] + b"\xff" * 500, "no complete gzip file"),
        (gzip.compress(idx(magic=0x801)), "starts with 0x00000801"),
        (gzip.compress(idx(DIGITS[:, :20, :20])), "20 x 20"),
        (gzip.compress(idx()[:-1]), "promises 5 images"),
        (gzip.compress(idx() + b"\0"), "promises 5 images"),
        (gzip.compress(idx()[:10]), "has 10 bytes"),
    ],
    ids=[
        "cut off",
        "html",
        "empty",
        "garbled",
        "labels",
        "small images",
        "too short",
        "too long",
        "no header",
    ],
)
def test_a_damaged_file_is_named(helper: ModuleType, tmp_path: Path, packed: bytes, problem: str):
    path = written(tmp_path, packed)
    with pytest.raises(helper.DataFileError, match=problem) as caught:
        helper.GANDataset(path, "cpu")
    assert path in str(caught.value)


# --- download -------------------------------------------------------------------------------------


class Web:
    """Stands in for requests.get, by which pooch downloads: serves bytes by address, and refuses all others."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    def __call__(self, url: str, **_: object) -> requests.Response:
        self.asked.append(url)
        if url not in self.pages:
            raise requests.ConnectionError("refused")
        response = requests.Response()
        response.status_code, response.raw = 200, io.BytesIO(self.pages[url])
        return response


@pytest.fixture
def web(helper: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Web:
    """Run in an empty directory, where the expected content is our five digits and no address answers yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(helper.CHECKSUMS, NAME, hashlib.md5(PACKED).hexdigest())
    web = Web({})
    monkeypatch.setattr(requests, "get", web)
    return web


def test_a_file_on_disk_is_accepted_without_the_network(helper: ModuleType, web: Web):
    Path("data").mkdir()
    Path("data", NAME).write_bytes(b"a data set of one's own")
    helper.download(helper.BASE_URL + NAME, NAME)
    assert web.asked == []
    assert Path("data", NAME).read_bytes() == b"a data set of one's own"


def test_the_given_address_comes_first(helper: ModuleType, web: Web):
    web.pages["http://campus/" + NAME] = PACKED
    helper.download("http://campus/" + NAME, NAME)
    assert web.asked == ["http://campus/" + NAME]
    assert gzip.decompress(Path("data", NAME).read_bytes()) == idx()
    assert [path.name for path in Path("data").iterdir()] == [NAME]


@pytest.mark.parametrize(
    "failure", [None, gzip.compress(b"another file"), PACKED[:-9]], ids=["refused", "wrong checksum", "cut off"]
)
def test_a_mirror_stands_in_for_one_that_fails(helper: ModuleType, web: Web, failure: bytes | None):
    first, second, *_ = (mirror + NAME for mirror in helper.MIRRORS)
    web.pages = {second: PACKED} | ({first: failure} if failure else {})
    helper.download(first, NAME)
    assert web.asked == [first, second]
    assert gzip.decompress(Path("data", NAME).read_bytes()) == idx()


def test_wrong_checksums_leave_no_file_and_an_error_that_names_every_mirror(helper: ModuleType, web: Web):
    addresses = [mirror + NAME for mirror in helper.MIRRORS]
    web.pages = dict.fromkeys(addresses, gzip.compress(b"another file"))
    with pytest.raises(helper.DownloadError, match="does not match the known hash") as caught:
        helper.download(addresses[0], NAME)
    assert web.asked == addresses
    assert all(address in str(caught.value) for address in addresses)
    assert not Path("data").exists()


def test_a_file_without_a_known_checksum_is_taken_as_it_is(helper: ModuleType, web: Web):
    web.pages["http://campus/notes.txt"] = b"text"
    helper.download("http://campus/notes.txt", "notes.txt")
    assert Path("data/notes.txt").read_bytes() == b"text"


def test_the_checksums_are_those_that_torchvision_has(helper: ModuleType):
    assert helper.CHECKSUMS.items() <= dict(MNIST.resources).items()
    assert NAME in helper.CHECKSUMS
    assert helper.MIRRORS[0] == helper.BASE_URL


def test_without_pooch_the_download_says_what_to_install(helper: ModuleType, web: Web, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(helper.DownloadError, match="pip install pooch"):
        helper.download(helper.BASE_URL + NAME, NAME)


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["0", "-1", "1.5", "many"])
def test_a_number_of_epochs_that_trains_nothing_is_refused(
    helper: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
):
    monkeypatch.setattr(sys, "argv", ["hw5_gan.py", f"--epochs={word}"])
    with pytest.raises(SystemExit) as end:
        helper.read_options("Train.", 30)
    assert end.value.code == 2
    assert f"'{word}' is not a number of epochs: 1 or more" in capsys.readouterr().err


def test_a_run_names_the_files_that_it_has_left(helper: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "a.png").touch()
    helper.say_what_was_written(tmp_path, "a.png", "b.png")
    assert capsys.readouterr().out == f"Written to {tmp_path}: a.png.\n"
