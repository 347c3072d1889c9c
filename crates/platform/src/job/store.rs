//! Failures of jobs.

crate::statements! {
    /// Failures of every job.
    pub const LIST_FAILURES = "select job, subject, attempts, not_before from job_failures \
        order by job, subject limit $1";
    /// Remembers a failure.
    pub const REMEMBER_FAILURE = "insert into job_failures (job, subject, attempts, not_before, error, failed_at) \
        values ($1, $2, $3, $4, $5, $6) on conflict (job, subject) do update set \
        attempts = $3, not_before = $4, error = $5, failed_at = $6";
    /// Forgets the failures of a key that was done.
    pub const FORGET_FAILURE = "delete from job_failures where job = $1 and subject = $2";
}
