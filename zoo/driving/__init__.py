"""Driving: roads of known curvature, a camera that looks at them, a car, and a model at its wheel.

    road.py         a lane's middle along its arc length: curvature, heading, place
    camera.py       the pinhole camera: from the ground to a pixel and back
    scenery.py      weather, light, and the colours they give
    rendering.py    the picture that the camera takes of the road
    vehicle.py      the bicycle model: steering angle, speed and torque
    drives.py       a human-like drive with recoveries, recorded: frames, and what the driver did
    drivers.py      who may sit at the wheel: the expert, nobody, a trained model
    trained.py      a trained model as one of them
    closed_loop.py  how far a driver comes before leaving the lane
    comparison.py   a model, the expert, and driving straight on, on the same roads
    film.py         a ride as an animated picture

Axes: x forward, y to the left, z up, metres; angles and curvatures are positive to the left (ISO 8855).
"""
