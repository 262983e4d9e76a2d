"""Python operators of the Java jobs."""


def map_func1(value):
    return str(value) + str(value)


def filter_func1(value):
    return "b" not in value


def fails(value):
    raise ValueError(f"no {value}")


class Times:
    """A class is made once per subtask, with the arguments that the job gives."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, value):
        return value * self.factor
