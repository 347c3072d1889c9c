//! Plays steps on the application and on the model, and compares them after each: the answer, and all that the step
//! touched. `verify` recomputes everything at intervals, after every crash and at the end.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;

use domain::site::Site;
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::calendar::{Secs, text};
use crate::dice::Dice;
use crate::look::{funds, look, name_on_demand, name_orders, name_own_orders, name_resources};
use crate::model::Customer;
use crate::model::deeds::{Answer, Deed, Request};
use crate::model::facts::{About, Facts, NOTHING};
use crate::outcome::{Checked, answered, compare_runs, orders_of};
use crate::steps::{Act, Scene, Step, next};
use crate::tally::Tally;
use crate::world::{Crash, Key, On, Reply, World, is_external};

/// How many steps lie between two recomputations of everything.
const VERIFY_EVERY: usize = 100;
/// How long a step may take on the slowest machine.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);
/// How many customers are in the middle of something.
const LATELY: usize = 12;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub steps: usize,
    pub on: On,
    pub processes: usize,
}

impl Plan {
    pub fn site(&self) -> Site {
        [Site::Cn, Site::Intl, Site::Eu][usize::try_from(self.seed % 3).unwrap()]
    }

    fn customers(&self) -> usize {
        100 + usize::try_from(self.seed.wrapping_mul(37) % 200).unwrap()
    }
}

/// Where a run went wrong.
#[derive(Debug)]
pub struct Failure {
    /// After how many steps.
    pub at: usize,
    /// Whether the step itself showed it, and not only the recomputation of everything.
    pub is_exact: bool,
    pub what: String,
    pub steps: Vec<Step>,
}

/// A run.
struct Run {
    world: World,
    process: usize,
    now: Secs,
    customers: Vec<Customer>,
    lately: VecDeque<usize>,
    operator: Key,
    tally: Tally,
}

/// Plays the steps of a seed.
pub async fn play_seed(plan: Plan) -> Result<Tally, Failure> {
    let mut dice = Dice::new(plan.seed);
    let mut run = Run::begin(plan, |_| true).await;
    let mut steps = Vec::new();
    for serial in 0..plan.steps {
        let lately: Vec<usize> = run.lately.iter().copied().collect();
        let step = next(
            &mut dice,
            &Scene {
                now: run.now,
                customers: &run.customers,
                lately: &lately,
                processes: plan.processes,
                serial,
            },
        );
        steps.push(step.clone());
        let is_last = serial + 1 == plan.steps;
        if let Err((is_exact, what)) = run.checked_step(&step, serial, is_last).await {
            return Err(Failure { at: serial + 1, is_exact, what, steps });
        }
    }
    Ok(run.end().await)
}

/// Plays steps that are known; everything is recomputed after the last.
pub async fn play_steps(plan: Plan, steps: &[Step]) -> Result<Tally, Failure> {
    let needed: Vec<usize> = steps.iter().filter_map(Step::who).collect();
    let mut run = Run::begin(plan, |number| needed.contains(&number)).await;
    for (serial, step) in steps.iter().enumerate() {
        let is_last = serial + 1 == steps.len();
        if let Err((is_exact, what)) = run.checked_step(step, serial, is_last).await {
            return Err(Failure { at: serial + 1, is_exact, what, steps: steps.to_vec() });
        }
    }
    Ok(run.end().await)
}

impl Run {
    /// Registers the customers that are needed; the others keep their numbers and do not exist.
    async fn begin(plan: Plan, is_needed: impl Fn(usize) -> bool) -> Self {
        let world = World::start(plan.on, plan.site(), plan.seed, plan.processes).await;
        let now = world.now(0);
        let mut run = Self {
            world,
            process: 0,
            now,
            customers: Vec::new(),
            lately: VecDeque::new(),
            operator: World::demo_key("operator"),
            tally: Tally::default(),
        };
        for number in 0..plan.customers() {
            let customer = match is_needed(number) {
                true => {
                    let is_external = is_external(plan.seed);
                    Customer { is_external, ..run.register(number, plan.site()).await }
                }
                false => Customer::new(String::new(), run.operator.clone(), plan.site()),
            };
            run.customers.push(customer);
        }
        run
    }

    async fn register(&self, number: usize, site: Site) -> Customer {
        let post = async |path: String, body: Value| {
            let reply = self.world.call(0, &self.operator, ("POST", &path), &body, None).await;
            assert_eq!(reply.status, 201, "{path}: {}", reply.body);
            reply.body
        };
        let body = json!({"name": format!("customer-{number}"), "kind": "customer"});
        let account = post("/openbss/v1/accounts".to_owned(), body).await;
        let domain = account["domain_id"].as_str().unwrap().to_owned();
        let user = json!({"user_id": account["users"][0]["user_id"]});
        let made = post(format!("/openbss/v1/accounts/{domain}/access-keys"), user).await;
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let key = Key { access_key: text("access_key"), secret_key: text("secret_key") };
        Customer::new(domain, key, site)
    }

    async fn end(mut self) -> Tally {
        self.tally.days = (self.now - crate::calendar::parse("2026-01-15T08:00:00Z")) / crate::calendar::DAY;
        for customer in &self.customers {
            self.tally.count(customer);
        }
        self.world.stop().await;
        self.tally
    }

    /// A step, and everything recomputed where that is due. The flag of an error says that the step itself showed it.
    async fn checked_step(
        &mut self,
        step: &Step,
        serial: usize,
        is_last: bool,
    ) -> Result<(), (bool, String)> {
        let checked = AssertUnwindSafe(self.try_step(step, serial, is_last)).catch_unwind();
        let Ok(checked) = tokio::time::timeout(PATIENCE, checked).await else {
            return Err((true, "no answer".to_owned()));
        };
        checked.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err((true, format!("panicked: {}", text.unwrap_or_default())))
        })
    }

    async fn try_step(&mut self, step: &Step, serial: usize, is_last: bool) -> Result<(), (bool, String)> {
        self.tally.steps += 1;
        self.step(step, serial).await.map_err(|what| (true, what))?;
        let was_crash = matches!(step, Step::Crashed(..) | Step::CrashedClock(..));
        if !is_last && !was_crash && !(serial + 1).is_multiple_of(VERIFY_EVERY) {
            return Ok(());
        }
        let broken = self.world.broken().await;
        if broken.is_empty() { Ok(()) } else { Err((was_crash, format!("verify: {}", broken.join("\n")))) }
    }

    async fn step(&mut self, step: &Step, serial: usize) -> Checked {
        let once = format!("step-{serial}");
        match step {
            Step::One(act) => self.one(act, &once).await,
            Step::Repeated { act, at_once } => self.repeated(act, *at_once, &once).await,
            Step::AtOnce(who, deeds) => self.at_once(*who, deeds).await,
            Step::Crashed(act, crash) => self.crashed(act, *crash, &once).await,
            Step::Clock(to) => self.clock(*to).await,
            Step::CrashedClock(to, crash) => self.crashed_clock(*to, *crash).await,
            Step::Restart => {
                self.world.restart(self.process).await;
                self.clock(self.now + 1).await
            }
            Step::Switch => {
                self.process = (self.process + 1) % self.world.processes();
                self.world.refresh(self.process).await;
                self.clock(self.now + 1).await
            }
        }
    }

    async fn send(&self, who: usize, request: &Request, once: Option<&str>) -> Reply {
        let key = if request.is_operators { &self.operator } else { &self.customers[who].key };
        self.world.call(self.process, key, (request.method, &request.path), &request.body, once).await
    }

    /// What the model says of a deed, without doing it; none where it makes no sense here.
    fn foresee(&mut self, act: &Act) -> Option<(Request, Customer, Answer)> {
        let customer = self.customers.get(act.who)?;
        if !act.deed.is_possible(customer) {
            self.tally.skipped += 1;
            return None;
        }
        self.lately.retain(|who| *who != act.who);
        self.lately.push_front(act.who);
        self.lately.truncate(LATELY);
        let mut after = customer.clone();
        let request = act.deed.request(customer);
        let answer = act.deed.apply(&mut after, self.now);
        self.tally.refusals += usize::from(answer.code.is_some());
        Some((request, after, answer))
    }

    async fn one(&mut self, act: &Act, once: &str) -> Checked {
        let Some((request, mut after, answer)) = self.foresee(act) else { return Ok(()) };
        let reply = self.send(act.who, &request, Some(once)).await;
        answered(&answer, &reply)?;
        after.note(&answer.made, &reply.body);
        self.accept(act.who, after).await
    }

    async fn repeated(&mut self, act: &Act, at_once: bool, once: &str) -> Checked {
        let Some((request, mut after, answer)) = self.foresee(act) else { return Ok(()) };
        self.tally.repeated += 1;
        let replies = if at_once {
            join_all((0..3).map(|_| self.send(act.who, &request, Some(once)))).await
        } else {
            vec![
                self.send(act.who, &request, Some(once)).await,
                self.send(act.who, &request, Some(once)).await,
            ]
        };
        for reply in &replies {
            answered(&answer, reply)?;
        }
        let first = replies.iter().filter(|reply| !reply.is_hit).count();
        let wanted = if !answer.is_done() { replies.len() } else { 1 };
        if first != wanted || replies.iter().any(|reply| answer.is_done() && reply.body != replies[0].body) {
            return Err(format!(
                "one of {} equal requests is the first, not {first}: {replies:?}",
                replies.len()
            ));
        }
        after.note(&answer.made, &replies[0].body);
        self.accept(act.who, after).await
    }

    /// Requests at once must come out as some order of them would.
    async fn at_once(&mut self, who: usize, deeds: &[Deed]) -> Checked {
        let customer = self.customers[who].clone();
        let deeds: Vec<&Deed> = deeds.iter().filter(|deed| deed.is_possible(&customer)).collect();
        if deeds.is_empty() {
            self.tally.skipped += 1;
            return Ok(());
        }
        self.tally.at_once += 1;
        let requests: Vec<Request> = deeds.iter().map(|deed| deed.request(&customer)).collect();
        let replies = join_all(requests.iter().map(|request| self.send(who, request, None))).await;
        let mut why = Vec::new();
        for order in orders_of(deeds.len()) {
            match self.in_order(&customer, &deeds, &replies, &order).await {
                Ok(after) => {
                    self.customers[who] = after;
                    return Ok(());
                }
                Err(what) => why.push(what),
            }
        }
        let shown: Vec<String> =
            replies.iter().map(|reply| format!("{} {}", reply.status, reply.body)).collect();
        Err(format!("no order of the requests explains {shown:#?}\n{}", why.join("\n")))
    }

    async fn in_order(
        &self,
        before: &Customer,
        deeds: &[&Deed],
        replies: &[Reply],
        order: &[usize],
    ) -> Result<Customer, String> {
        let mut after = before.clone();
        for at in order {
            if !deeds[*at].is_possible(&after) {
                return Err("not possible".to_owned());
            }
            let answer = deeds[*at].apply(&mut after, self.now);
            answered(&answer, &replies[*at])?;
            after.note(&answer.made, &replies[*at].body);
        }
        // Everything: what one order leaves as it was, another changes.
        self.name(&mut after).await?;
        self.compare_all(&after).await?;
        // Nor do balances tell which of two orders which of them paid.
        for (number, order) in after.orders.iter().enumerate() {
            let was_paid = before.orders.get(number).is_some_and(|before| before.paid.is_some());
            if was_paid || order.funds.is_empty() {
                continue;
            }
            let (wanted, found) =
                (after.funds(number), funds(&self.world, self.process, &after, number).await?);
            if wanted != found {
                return Err(format!("funds of order {number}: model {wanted}, shown {found}"));
            }
        }
        Ok(after)
    }

    /// The process ends before the commit or after it; sent again, the request has been done once.
    async fn crashed(&mut self, act: &Act, crash: Crash, once: &str) -> Checked {
        let Some((request, mut after, answer)) = self.foresee(act) else { return Ok(()) };
        let has_crashed = self.world.arm(self.process, crash);
        let reply = self.send(act.who, &request, Some(once)).await;
        if !has_crashed.load(std::sync::atomic::Ordering::SeqCst) {
            self.world.disarm(self.process);
            answered(&answer, &reply)?;
            after.note(&answer.made, &reply.body);
            return self.accept(act.who, after).await;
        }
        self.tally.crashes += 1;
        if reply.status < 500 {
            return Err(format!("the commit failed, and the answer is {} {}", reply.status, reply.body));
        }
        self.world.restart(self.process).await;
        if !crash.is_after || !answer.is_done() {
            let before = self.customers[act.who].clone();
            self.compare_all(&before).await.map_err(|what| format!("before it is sent again: {what}"))?;
        }
        let again = self.send(act.who, &request, Some(once)).await;
        answered(&answer, &again).map_err(|what| format!("sent again: {what}"))?;
        if again.is_hit != (crash.is_after && answer.is_done()) {
            return Err(format!("{crash:?}, and is_hit of the second is {}", again.is_hit));
        }
        after.note(&answer.made, &again.body);
        self.accept(act.who, after).await?;
        self.clock(self.now + 1).await
    }

    /// The model after a step, if the application agrees.
    async fn accept(&mut self, who: usize, mut after: Customer) -> Checked {
        self.compare(&self.customers[who], &mut after).await?;
        self.customers[who] = after;
        Ok(())
    }

    /// Compares what changed.
    async fn compare(&self, before: &Customer, after: &mut Customer) -> Checked {
        self.name(after).await?;
        let (old, new) = (before.facts(self.now), after.facts(self.now));
        let touched: Facts = new
            .into_iter()
            .filter(|(about, fact)| *about == About::Balances || old.get(about) != Some(fact))
            .collect();
        self.compare_facts(after, touched).await
    }

    /// Notes the ids that the application has given to what the model has made.
    async fn name(&self, customer: &mut Customer) -> Checked {
        name_orders(&self.world, self.process, customer).await?;
        name_own_orders(&self.world, self.process, customer).await?;
        name_resources(&self.world, self.process, customer).await?;
        name_on_demand(&self.world, self.process, customer).await
    }

    async fn compare_all(&self, customer: &Customer) -> Checked {
        self.compare_facts(customer, customer.facts(self.now)).await
    }

    async fn compare_facts(&self, customer: &Customer, facts: Facts) -> Checked {
        let abouts: Vec<About> = facts.keys().copied().collect();
        let shown = look(&self.world, self.process, customer, &abouts).await?;
        for (about, wanted) in &facts {
            let found = shown.get(about).map_or(NOTHING, String::as_str);
            if found != wanted {
                return Err(format!("{about:?}\n  model {wanted}\n  shown {found}"));
            }
        }
        Ok(())
    }

    /// Moves the clock of every process, and compares what ran on the way.
    async fn clock(&mut self, to: Secs) -> Checked {
        if to <= self.now {
            self.tally.skipped += 1;
            return Ok(());
        }
        // Jobs run in any of them, which know by then what the others have changed.
        for process in 0..self.world.processes() {
            self.world.refresh(process).await;
        }
        let body = json!({"to": text(to)});
        let processes = (0..self.world.processes()).map(|process| {
            self.world.call(process, &self.operator, ("POST", "/openbss/v1/sandbox/clock"), &body, None)
        });
        let replies = join_all(processes).await;
        let mut ran = Vec::new();
        for reply in replies {
            if reply.status != 200 {
                return Err(format!("the clock does not move: {} {}", reply.status, reply.body));
            }
            ran.extend(reply.body["ran"].as_array().into_iter().flatten().cloned());
        }
        self.after_move(to, Some(&ran)).await
    }

    /// The process ends while the clock moves; when it starts again it ends the move.
    async fn crashed_clock(&mut self, to: Secs, crash: Crash) -> Checked {
        if to <= self.now || self.world.processes() > 1 {
            return self.clock(to).await;
        }
        let has_crashed = self.world.arm(self.process, crash);
        let body = json!({"to": text(to)});
        let path = ("POST", "/openbss/v1/sandbox/clock");
        let reply = self.world.call(self.process, &self.operator, path, &body, None).await;
        if !has_crashed.load(std::sync::atomic::Ordering::SeqCst) {
            self.world.disarm(self.process);
            let ran = reply.body["ran"].as_array().cloned().unwrap_or_default();
            return self.after_move(to, Some(&ran)).await;
        }
        self.tally.crashes += 1;
        if reply.status < 500 {
            return Err(format!("the commit failed, and the answer is {} {}", reply.status, reply.body));
        }
        self.world.restart(self.process).await;
        let never_began = crash == Crash { commit: 1, is_after: false };
        let to = if never_began { self.now } else { to };
        if self.world.now(self.process) != to {
            return Err(format!("{crash:?}: the clock stands at {}", text(self.world.now(self.process))));
        }
        if !never_began {
            self.after_move(to, None).await?;
        }
        self.clock(self.now + 1).await
    }

    async fn after_move(&mut self, to: Secs, ran: Option<&[Value]>) -> Checked {
        let mut wanted: Vec<(Secs, String)> = Vec::new();
        let mut moved = Vec::new();
        for (who, customer) in self.customers.iter().enumerate() {
            let mut after = customer.clone();
            let fallen = after.advance(to);
            if fallen.is_empty() {
                continue;
            }
            let line = |one: &crate::model::Fallen| (one.at, format!("{} {}", one.job, one.subject(&after)));
            wanted.extend(fallen.iter().map(line));
            moved.push((who, after));
        }
        self.tally.runs += wanted.len();
        if let Some(ran) = ran {
            compare_runs(wanted, ran, self.world.processes() > 1)?;
        }
        self.now = to;
        for (who, after) in moved {
            self.accept(who, after).await.map_err(|what| format!("after the clock moved: {what}"))?;
        }
        Ok(())
    }
}
