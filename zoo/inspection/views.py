"""The views of `gradschool inspect` by name."""

from collections.abc import Mapping

from .image_views import activating, cam, maps, occluded, shifts
from .model_views import filter_images, layers, receptive_field
from .view import Look

VIEWS: Mapping[str, Look] = {
    "layers": layers,
    "receptive-field": receptive_field,
    "filters": filter_images,
    "feature-maps": maps,
    "most-activating": activating,
    "occlusion": occluded,
    "grad-cam": cam,
    "shift": shifts,
}
