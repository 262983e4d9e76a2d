"""Collected batches: the client has each record once, whoever dies between checkpoints."""

from hypothesis import given
from hypothesis import strategies as some

from anabranch.master.collected import CollectedBatches
from anabranch.v1.control_pb2 import CollectedBatch
from anabranch.v1.gateway_pb2 import TakenBack

TASK, OPERATOR = 3, 9
ACTIONS = ("collect", "begin epoch", "complete", "fetch", "task dies", "master dies", "both die")


def batch(incarnation, number, epoch, value=0):
    seq = (incarnation << 40) + number
    numbers = {"task_id": TASK, "operator_id": OPERATOR, "seq": seq, "incarnation": incarnation, "epoch": epoch}
    return CollectedBatch(**numbers, n_records=value)


class Job:
    """One task, its master and their client; what each of them does, and forgets, as in the real ones."""

    def __init__(self):
        self.truth = []  # (epoch, value) of what the task has collected and not taken back
        self.incarnation, self.number, self.epoch, self.value = 1, 0, 0, 0
        self.unacknowledged = []
        self.complete = 0
        self.master, self.taken_back = CollectedBatches(), []
        self.client, self.known = CollectedBatches(), 0

    def collect(self):
        self.number += 1
        self.value += 1
        self.truth.append((self.epoch, self.value))
        sent = batch(self.incarnation, self.number, self.epoch, self.value)
        self.unacknowledged.append(sent)
        self.master.add(sent)

    def begin_epoch(self):
        self.epoch += 1

    def complete_checkpoint(self):
        if not self.master.any_before(self.epoch):
            self.complete = self.epoch

    def fetch(self):
        self.master.forget(self.client.last)
        last = self.client.last.get(TASK, 0)
        self.unacknowledged = [each for each in self.unacknowledged if each.seq > last]
        news = [each for each in self.master if each.seq > last]
        for back in self.taken_back[self.known :]:
            self.client.take_back(back)
        self.known = len(self.taken_back)
        for each in news:
            self.client.add(each)

    def lose_task(self):
        self.incarnation += 1
        self.number, self.epoch, self.unacknowledged = 0, self.complete, []
        self.truth = [(epoch, value) for epoch, value in self.truth if epoch < self.complete]
        back = TakenBack(task_id=TASK, incarnation=self.incarnation, epoch=self.complete)
        self.taken_back.append(back)
        self.master.take_back(back)

    def lose_master(self):
        self.master = CollectedBatches()
        for each in self.unacknowledged:
            self.master.add(each)

    def do(self, action):
        if action == "collect":
            self.collect()
        elif action == "begin epoch":
            self.begin_epoch()
        elif action == "complete":
            self.complete_checkpoint()
        elif action == "fetch":
            self.fetch()
        if action in ("master dies", "both die"):
            self.master = CollectedBatches()
        if action in ("task dies", "both die"):
            self.lose_task()
        if action == "master dies":
            self.lose_master()


@given(some.lists(some.sampled_from(ACTIONS), max_size=80))
def test_whatever_dies_the_client_ends_with_each_record_once(actions):
    job = Job()

    for action in actions:
        job.do(action)
    job.fetch()

    assert [value for _, value in job.truth] == [each.n_records for each in job.client]


def test_a_batch_that_is_sent_again_is_not_taken_twice():
    collected = CollectedBatches()

    assert [True, True, False, True] == [collected.add(batch(*each, 0)) for each in [(1, 1), (1, 2), (1, 2), (2, 1)]]
    assert 3 == len(list(collected))


def test_only_earlier_incarnations_of_the_task_are_taken_back_and_only_later_epochs():
    collected = CollectedBatches()
    kept = [batch(1, 1, 4), batch(2, 1, 5), CollectedBatch(task_id=TASK + 1, operator_id=OPERATOR, seq=1, epoch=5)]
    for each in [kept[0], batch(1, 2, 5), batch(1, 3, 6), *kept[1:]]:
        collected.add(each)

    for _ in range(2):
        collected.take_back(TakenBack(task_id=TASK, incarnation=2, epoch=5))

        assert kept == list(collected)
