"""A link to a node that does not always carry the truth."""

from chains.provider import LocalProvider


class Meddler(LocalProvider):
    """A node's link that can be told to alter answers, to fail, and what it was asked."""

    def __init__(self, chain):
        super().__init__(chain.api)
        self.changes, self.failures, self.asked = {}, {}, []

    def make_request(self, method, params):
        self.asked.append(method)
        for when, failure in self.failures.get(method, ()):
            if when == "before":
                raise failure
        response = super().make_request(method, params)
        for _, failure in self.failures.get(method, ()):
            raise failure
        return self.changes.get(method, lambda answer, _: answer)(response, params)
