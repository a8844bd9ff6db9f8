"""Looking into a model: its layers, what they see, look for and find, and what an answer rests on.

    layer_table.py, layer_kinds.py      each layer's parameters and multiply-adds, and their shares
    training_cost.py                    images and operations of a training
    receptive_field.py                  what a unit can see of the image; receptive_rules.py has the layers' arithmetic
    measured_field.py                   how much of that moves it
    filters.py, feature_maps.py         what units look for, and where they find it
    most_activating.py                  the images that make a unit answer most
    occlusion.py, grad_cam.py           heat maps: what an answer rests on
    shift.py                            accuracy on images that have moved
    class_scores.py                     a model's score for one class of each image
    views.py, view.py, subject.py       `gradschool inspect`: its views by name, what a view is, and what it looks at
    model_views.py, image_views.py      the views themselves: those of the model, and those that show it images
    gradients.py, layer_access.py       derivatives on every back end, and layers by name

Every function is also to be had from `gradschool.zoo`:

    from gradschool import zoo

    model = zoo.load_model("lenet5_mnist")
    images, labels = zoo.load_data("digits").arrays("test")
    zoo.receptive_field(model, "conv2").size            # (14, 14) pixels
    zoo.filters(model, "conv1")                         # (6, 5, 5, 1)
    zoo.most_activating(model, images, "conv2", units=[3])[0].patches(images)
    zoo.grad_cam(model, images[:6], classes=labels[:6])  # (6, 5, 5)
"""

from ..quiet import import_keras

import_keras()
