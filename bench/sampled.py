"""gunicorn's configuration of the product, and samples of where a worker's time goes."""

from runpy import run_path

from bench import sampling

globals().update({k: v for k, v in run_path("gunicorn.conf.py").items() if not k.startswith("__")})


def post_worker_init(_worker: object) -> None:
    """Begin to take samples."""
    sampling.start()
