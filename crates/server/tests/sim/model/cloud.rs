//! The external cloud: what it is told to do, and what it reports. The commercial state does not wait for it, but for
//! what it has yet to deliver, whose term begins with the report (rule 1.1.6), and which is refunded where it fails
//! (rule 1.8).

use super::life::{CLOSED, EXPIRED, IN_USE};
use super::reductions::Code;
use super::{Customer, Line, Order, status};
use crate::calendar::{Secs, expiry, text};

/// A resource that the cloud has yet to deliver.
pub const WAITING: i64 = 0;
/// A resource that it could not deliver.
pub const NEVER_THERE: i64 = -1;

/// What the cloud has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Create,
    Freeze,
    Unfreeze,
    Delete,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
            Self::Delete => "delete",
        }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Waiting,
    Done,
    Failed,
}

/// What the cloud has to do something with, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Resource(usize),
    /// What is billed by use.
    Used(usize),
}

/// Something that the cloud has to do with a resource.
#[derive(Clone, Debug)]
pub struct Task {
    pub id: String,
    pub of: Of,
    pub action: Action,
    pub created: Secs,
    pub state: State,
    /// It was reported as failed, and is to be tried again.
    pub is_late: bool,
}

/// Why the simulated cloud could not do something.
pub const REASON: &str = "simulation";

const CONTRADICTION: Code = "CBC.0101";

impl Customer {
    /// Tells the cloud, if there is one.
    pub fn tell(&mut self, resource: usize, action: Action, now: Secs) {
        if self.is_external {
            let state = State::Waiting;
            let id = String::new();
            self.tasks.push(Task {
                id,
                of: Of::Resource(resource),
                action,
                created: now,
                state,
                is_late: false,
            });
        }
    }

    /// The same of what is billed by use.
    pub fn tell_of_used(&mut self, used: usize, action: Action, now: Secs) {
        if self.is_external {
            let (id, state) = (String::new(), State::Waiting);
            self.tasks.push(Task { id, of: Of::Used(used), action, created: now, state, is_late: false });
        }
    }

    /// It can be used now.
    pub fn is_usable(&self, resource: usize) -> bool {
        [IN_USE, EXPIRED].contains(&self.resources[resource].status) && !self.is_held(resource)
    }

    /// It has begun and is not closed.
    pub fn is_there(&self, resource: usize) -> bool {
        ![WAITING, NEVER_THERE, CLOSED].contains(&self.resources[resource].status)
    }

    /// What was bought waits for the cloud.
    pub fn asked_for(&mut self, order: usize, now: Secs) {
        self.orders[order].status = status::PROCESSING;
        for at in 0..self.orders[order].lines.len() {
            let line = &mut self.orders[order].lines[at];
            (line.effective, line.expires) = (None, None);
            for resource in line.resources.clone() {
                self.resources[resource].status = WAITING;
                self.resources[resource].renew_at = None;
                self.tell(resource, Action::Create, now);
            }
        }
    }

    /// How the cloud names a resource when it reports it; it does so for every other.
    pub fn cloud_name(&self, task: usize) -> Option<String> {
        let Task { action: Action::Create, of: Of::Resource(resource), .. } = self.tasks[task] else {
            return None;
        };
        resource.is_multiple_of(2).then(|| format!("cloud-{}", self.resources[resource].own_id))
    }

    /// The cloud reports; answers the refund of what it could not deliver.
    pub fn report(&mut self, task: usize, is_done: bool, now: Secs) -> Result<Option<usize>, Code> {
        let Task { state, action, of, .. } = self.tasks[task];
        match (state, is_done) {
            (State::Waiting, _) => {}
            (State::Done, true) | (State::Failed, false) => return Ok(None),
            (_, _) => return Err(CONTRADICTION),
        }
        if !is_done && action != Action::Create {
            self.tasks[task].is_late = true;
            return Ok(None);
        }
        self.tasks[task].state = if is_done { State::Done } else { State::Failed };
        let (Action::Create, Of::Resource(resource)) = (action, of) else { return Ok(None) };
        let refund = if is_done {
            self.delivered(task, resource, now);
            None
        } else {
            self.not_delivered(resource, now)
        };
        self.end_line(resource);
        Ok(refund)
    }

    /// A resource is there: its term begins.
    fn delivered(&mut self, task: usize, resource: usize, now: Secs) {
        let name = self.cloud_name(task);
        let is_frozen_whole = self.frozen == Some(true);
        let one = &mut self.resources[resource];
        one.id = name.unwrap_or_else(|| one.own_id.clone());
        one.status = IN_USE;
        one.effective = now;
        one.expires = expiry(now, one.term);
        (one.charges[0].begins, one.charges[0].ends) = (now, one.expires);
        self.schedule(resource, now);
        if is_frozen_whole {
            self.resources[resource].held_at = Some(now);
            self.tell(resource, Action::Freeze, now);
        }
    }

    /// A resource will not be there: its share goes back whole, with its coupons; what was to be attached to it stands
    /// for itself.
    fn not_delivered(&mut self, resource: usize, now: Secs) -> Option<usize> {
        self.resources[resource].status = NEVER_THERE;
        for number in 0..self.resources.len() {
            if self.resources[number].parent == Some(resource) {
                self.resources[number].parent = None;
                self.schedule(number, now);
            }
        }
        let charge = self.resources[resource].charges[0].clone();
        if charge.money == 0 && charge.coupon == 0 && charge.purses.is_empty() {
            return None;
        }
        self.return_coupon(charge.order, charge.coupon);
        self.return_purses(&charge.purses);
        self.give_back(charge.order, charge.money, now);
        let line = Line {
            list: -charge.money,
            adjusted: 0,
            discount: 0,
            coupon: 0,
            purses: Vec::new(),
            count: 1,
            is_attached: false,
            effective: None,
            expires: None,
            resources: vec![resource],
            ..self.orders[charge.order].lines[charge.line].clone()
        };
        self.orders.push(Order {
            id: String::new(),
            kind: 4,
            status: status::COMPLETED,
            lines: vec![line],
            created: now,
            until: None,
            paid: Some(now),
            discount: None,
            coupon: None,
            auto_renew: false,
            funds: Vec::new(),
            group: None,
        });
        Some(self.orders.len() - 1)
    }

    /// A line of an order has ended with its last resource, and the order with its last line.
    fn end_line(&mut self, resource: usize) {
        let (order, line) =
            (self.resources[resource].charges[0].order, self.resources[resource].charges[0].line);
        let waits = |resource: &usize| self.resources[*resource].status == WAITING;
        let resources = self.orders[order].lines[line].resources.clone();
        if resources.iter().any(waits) {
            return;
        }
        let was_there = |resource: &&usize| self.resources[**resource].status != NEVER_THERE;
        let terms = resources.iter().filter(was_there).map(|resource| &self.resources[*resource].charges[0]);
        let effective = terms.clone().map(|charge| charge.begins).min();
        let expires = terms.map(|charge| charge.ends).max();
        let all = self.orders[order].lines.iter().flat_map(|line| &line.resources);
        let is_over = !all.clone().any(waits);
        let line = &mut self.orders[order].lines[line];
        (line.effective, line.expires) = (effective, expires);
        if is_over {
            self.orders[order].status = status::COMPLETED;
        }
    }

    /// What waits for the cloud.
    pub fn waits(&self) -> String {
        let waiting = self.tasks.iter().filter(|task| task.state == State::Waiting);
        let mut told: Vec<String> = waiting.map(|task| self.shown(task)).collect();
        told.sort();
        told.join(", ")
    }

    /// The application's own id of what a task is about.
    pub fn own_id(&self, task: &Task) -> &str {
        match task.of {
            Of::Resource(resource) => &self.resources[resource].own_id,
            Of::Used(used) => &self.on_demand[used].own_id,
        }
    }

    /// A task as it is listed.
    pub fn shown(&self, task: &Task) -> String {
        let own_id = self.own_id(task);
        let late = if task.is_late { REASON } else { "-" };
        format!("{} {own_id} {} {late}", task.action.name(), text(task.created))
    }

    /// Notes the ids of resources and tasks that the application lists.
    pub fn name_tasks(&mut self, items: &[serde_json::Value]) -> Result<(), String> {
        for number in 0..self.tasks.len() {
            if !self.tasks[number].id.is_empty() {
                continue;
            }
            let is_known = |item: &&serde_json::Value| {
                self.tasks.iter().any(|task| item["task_id"].as_str() == Some(&task.id))
            };
            let found = items.iter().filter(|item| !is_known(item)).find(|item| self.is_it(number, item));
            let Some(found) = found else {
                // It may be over before it was ever listed.
                if self.tasks[number].state == State::Waiting {
                    return Err(format!("task {:?} is not listed", self.tasks[number]));
                }
                continue;
            };
            let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
            let (task, own_id) = (text("task_id"), text("id"));
            self.tasks[number].id = task;
            match self.tasks[number].of {
                Of::Resource(resource) => self.resources[resource].own_id = own_id,
                Of::Used(used) => self.on_demand[used].own_id = own_id,
            }
        }
        Ok(())
    }

    fn is_it(&self, task: usize, item: &serde_json::Value) -> bool {
        let task = &self.tasks[task];
        let is = |name: &str, wanted: &str| item[name].as_str() == Some(wanted);
        let resource = match task.of {
            Of::Resource(number) => Some(&self.resources[number]),
            Of::Used(_) => None,
        };
        let is_ours = match (self.own_id(task), resource) {
            ("", Some(one)) => {
                let parent = one.parent.map(|parent| self.resources[parent].own_id.as_str());
                is("resource_name", &one.name) && item["parent_id"].as_str() == parent
            }
            (own_id, _) => is("id", own_id),
        };
        // Nobody ordered what is billed by use.
        let order = resource.map(|one| self.orders[one.order].id.as_str());
        is_ours
            && is("action", task.action.name())
            && item["order_id"].as_str() == order
            && is("create_time", &text(task.created))
    }
}

/// A task of the list, as [`Customer::shown`] has it.
pub fn listed(item: &serde_json::Value) -> String {
    let text = |name: &str| item[name].as_str().unwrap_or("-");
    format!("{} {} {} {}", text("action"), text("id"), text("create_time"), text("reason"))
}
