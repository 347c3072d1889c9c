//! What a run consisted of.

use crate::model::cloud::State;
use crate::model::{Customer, status};

/// What a run consisted of.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub steps: usize,
    pub skipped: usize,
    pub refusals: usize,
    pub crashes: usize,
    pub at_once: usize,
    pub repeated: usize,
    pub days: i64,
    pub runs: usize,
    /// Changes of specification that cost something or nothing, and that gave back; trials made commercial; what became
    /// yearly/monthly, and pay-per-use at once.
    pub turned: [usize; 5],
    /// Orders that the operator adjusted, and tasks that the cloud reported on.
    pub adjusted: usize,
    pub reports: usize,
}

impl Tally {
    /// What became of a customer.
    pub fn count(&mut self, customer: &Customer) {
        for order in customer.orders.iter().filter(|order| order.status == status::COMPLETED) {
            match (order.kind, order.payable()) {
                (3, 0..) => self.turned[0] += 1,
                (3, _) => self.turned[1] += 1,
                (14, _) => self.turned[2] += 1,
                (11, _) => self.turned[3] += 1,
                (10, _) => self.turned[4] += 1,
                (15, _) => self.adjusted += 1,
                _ => {}
            }
        }
        self.reports += customer.tasks.iter().filter(|task| task.state != State::Waiting).count();
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { steps, skipped, refusals, crashes, at_once, repeated, days, runs, turned, .. } = self;
        let (adjusted, reports) = (self.adjusted, self.reports);
        let [dearer, cheaper, commercial, yearly, by_use] = turned;
        write!(
            f,
            "steps={steps} skipped={skipped} refusals={refusals} crashes={crashes} at_once={at_once} "
        )?;
        write!(f, "repeated={repeated} days={days} job_runs={runs} dearer={dearer} cheaper={cheaper} ")?;
        write!(f, "commercial={commercial} yearly={yearly} by_use={by_use} ")?;
        write!(f, "adjusted={adjusted} reports={reports}")
    }
}
