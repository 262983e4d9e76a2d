from anabranch.job import new_job_id


def test_the_id_of_a_job_is_the_name_of_a_file_whatever_the_jobs_name():
    for name in ("x" * 300, "../../etc", "a b", "", "é" * 300):
        job_id = new_job_id(name)

        assert len(job_id.encode()) <= 120
        assert "/" not in job_id
        assert not job_id.startswith(".")
        assert job_id != new_job_id(name)
