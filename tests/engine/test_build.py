"""Real builds through buildx: what they tell, what they make, what they keep quiet."""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from dynbuild.engine.buildx import Buildx
from dynbuild.engine.images import DockerImages
from dynbuild.errors import UnreachableError
from dynbuild.ports import (
    BuildFailed,
    BuildRequest,
    Built,
    Event,
    Load,
    Nowhere,
    OciLayout,
    Output,
    Push,
    RawLine,
    StepFinished,
    StepOutput,
    StepStarted,
    Working,
)
