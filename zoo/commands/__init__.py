"""The zoo's commands, one file each.

A command reads its arguments, calls one function of the zoo and prints what came out. Keras, TensorFlow and matplotlib
are imported inside the commands that need them, so that `--help` answers at once.
"""

import typer

from .bench import bench
from .compare import compare
from .data import data
from .doctor import doctor
from .drive import drive
from .evaluate import evaluate
from .fit import fit
from .generate import generate
from .inspect import inspect
from .launch import launch
from .models import models
from .parity import parity
from .predict import predict
from .report import report
from .scale import scale
from .translate import translate

app = typer.Typer(no_args_is_help=True, add_completion=False)
for _command in (
    models,
    data,
    fit,
    evaluate,
    predict,
    generate,
    translate,
    drive,
    inspect,
    compare,
    report,
    parity,
    bench,
    scale,
    doctor,
):
    app.command()(_command)
app.command(context_settings={"allow_interspersed_args": False})(launch)
