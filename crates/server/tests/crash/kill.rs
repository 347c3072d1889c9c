//! Killed under load, started again: nothing acknowledged is lost, nothing is half done, nothing happens twice.
//!
//! ```text
//! start -> check what is known -> 8 clients write -> SIGKILL after the n-th answer (seeded) -> start ...
//!            |  every acknowledged top-up, order and payment is there
//!            |  what was under way is sent again with the same key: it happens once
//!            '  balances = first balance + top-ups - payments, to the cent; verify holds
//! ```

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::mpsc;

use domain::money::Charge;
use serde_json::{Value, json};
use server::sandbox::demo::credentials;

use crate::client::{Call, Client, Reply};
use crate::program::{Home, Program};

const CLIENTS: u64 = 8;
/// The fewest and the most answers after which a round is killed.
const ANSWERS: std::ops::Range<u64> = 40..240;
/// The customers that buy; half of the clients each.
const CUSTOMERS: [&str; 2] = ["acme", "globex"];

/// A small generator of pseudo-random numbers (splitmix64): a seed repeats a run, but for the threads' timing.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// What a client tried to do.
#[derive(Debug, Clone)]
enum Deed {
    TopUp(Charge),
    Place,
    Pay(String),
}

/// One attempt, and its answer if one came.
#[derive(Debug, Clone)]
struct Attempt {
    customer: &'static str,
    deed: Deed,
    call: Call,
    reply: Option<Reply>,
}

/// An order as its customer knows it.
#[derive(Debug, Clone)]
struct Known {
    customer: &'static str,
    amount: Charge,
    is_paid: bool,
}

/// What the clients were told, which must stay true.
#[derive(Default)]
struct World {
    first_cash: HashMap<&'static str, Charge>,
    moved: HashMap<&'static str, Charge>,
    first_orders: HashMap<&'static str, u64>,
    orders: HashMap<String, Known>,
    under_way: Vec<Attempt>,
    samples: Vec<Attempt>,
}

fn charge(text: &Value) -> Charge {
    let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
    Charge::parse(&text).expect("an amount")
}

fn plus(one: Charge, other: Charge) -> Charge {
    one.checked_add(other).expect("small amounts")
}

fn cash(client: &mut Client, customer: &'static str) -> Charge {
    let balances = Call::get(customer, "/v2/accounts/customer-accounts/balances");
    let answer = client.call(&balances).expect("the server answers").ok(200);
    let rows = answer["account_balances"].as_array().expect("a list").clone();
    charge(&rows.iter().find(|row| row["account_type"] == 1).expect("a cash balance")["amount"])
}

fn order_count(client: &mut Client, customer: &'static str) -> u64 {
    let list = Call::get(customer, "/v2/orders/customer-orders?limit=1");
    let answer = client.call(&list).expect("the server answers").ok(200);
    answer["total_count"].as_u64().expect("a number")
}

impl World {
    fn look(address: SocketAddr) -> Self {
        let mut world = Self::default();
        let mut client = Client::connect(address).expect("it listens");
        for customer in CUSTOMERS {
            world.first_cash.insert(customer, cash(&mut client, customer));
            world.first_orders.insert(customer, order_count(&mut client, customer));
            world.moved.insert(customer, Charge::ZERO);
        }
        world
    }

    fn note(&mut self, attempt: &Attempt, reply: &Reply) {
        let moved = self.moved.get_mut(attempt.customer).expect("one of the customers");
        match &attempt.deed {
            Deed::TopUp(amount) => {
                assert_eq!(charge(&reply.ok(201)["amount"]), *amount);
                *moved = plus(*moved, *amount);
            }
            Deed::Place => {
                let answer = reply.ok(201);
                let id = answer["order_id"].as_str().expect("an id").to_owned();
                let amount = charge(&answer["amount_after_discount"]);
                let known = Known { customer: attempt.customer, amount, is_paid: false };
                assert!(self.orders.insert(id, known).is_none(), "one order id, two orders");
            }
            Deed::Pay(order) => {
                reply.ok(204);
                let known = self.orders.get_mut(order).expect("it was placed");
                assert!(!std::mem::replace(&mut known.is_paid, true), "{order} was paid twice");
                *moved = plus(*moved, known.amount.checked_neg().expect("small amounts"));
            }
        }
    }

    /// What was acknowledged is there, before anything is sent again.
    fn check_acknowledged(&self, client: &mut Client) {
        // Whether a payment that was under way happened is not known yet.
        let open: Vec<&String> = self
            .under_way
            .iter()
            .filter_map(|attempt| match &attempt.deed {
                Deed::Pay(order) => Some(order),
                Deed::TopUp(_) | Deed::Place => None,
            })
            .collect();
        for (id, known) in &self.orders {
            let details = Call::get(known.customer, &format!("/v2/orders/customer-orders/details/{id}"));
            let answer = client.call(&details).expect("the server answers").ok(200);
            let info = &answer["order_info"];
            assert_eq!(charge(&info["amount_after_discount"]), known.amount, "{id}");
            let status = info["status"].as_i64().expect("a status");
            let wanted = if known.is_paid { 5 } else { 6 };
            assert!(status == wanted || (open.contains(&id) && status == 5), "{id}: status {status}");
            let resources = Call::post(
                known.customer,
                "/v2/orders/suscriptions/resources/query",
                &json!({"order_id": id}),
            );
            let answer = client.call(&resources).expect("the server answers").ok(200);
            let wanted = u64::from(status == 5);
            assert_eq!(answer["total_count"], wanted, "resources of {id}, status {status}: {answer}");
        }
    }

    /// Sends what was under way again, under its old key, and some of what was acknowledged.
    fn send_again(&mut self, client: &mut Client) {
        for attempt in std::mem::take(&mut self.under_way) {
            let reply = client.call(&attempt.call).expect("the server answers");
            self.note(&attempt, &reply);
        }
        for attempt in std::mem::take(&mut self.samples) {
            let again = client.call(&attempt.call).expect("the server answers");
            let first = attempt.reply.expect("it was acknowledged");
            assert_eq!((again.status, &again.body), (first.status, &first.body), "{:?}", attempt.call);
            assert!(again.is_replay || attempt.call.idempotency_key.is_none(), "{:?}", attempt.call);
        }
    }

    /// To the cent and to the order: everything happened once.
    fn check_totals(&self, client: &mut Client) {
        for customer in CUSTOMERS {
            assert_eq!(cash(client, customer), plus(self.first_cash[customer], self.moved[customer]));
            let placed = self.orders.values().filter(|known| known.customer == customer).count();
            let wanted = self.first_orders[customer] + u64::try_from(placed).expect("few orders");
            assert_eq!(order_count(client, customer), wanted, "orders of {customer}");
        }
        let verify = Call::get("operator", "/openbss/v1/verify");
        let verdict = client.call(&verify).expect("the server answers").ok(200);
        assert_eq!(verdict["holds"], true, "{verdict:#}");
    }
}

/// One client: tops up, places and pays until the server goes away.
fn write(
    address: SocketAddr,
    mut dice: Dice,
    name: &str,
    customer: &'static str,
    acknowledged: &mpsc::Sender<()>,
) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let Ok(mut client) = Client::connect(address) else { return attempts };
    let mut unpaid: Vec<String> = Vec::new();
    for number in 0_u32.. {
        let key = format!("{name}-{number}");
        let mut attempt = next(&mut dice, customer, &key, &mut unpaid);
        let reply = client.call(&attempt.call).ok();
        attempt.reply = reply.clone();
        attempts.push(attempt);
        let Some(reply) = reply else { break };
        if let (201, Some(Deed::Place)) = (reply.status, attempts.last().map(|attempt| &attempt.deed)) {
            unpaid.push(reply.ok(201)["order_id"].as_str().expect("an id").to_owned());
        }
        if acknowledged.send(()).is_err() {
            break;
        }
    }
    attempts
}

fn next(dice: &mut Dice, customer: &'static str, key: &str, unpaid: &mut Vec<String>) -> Attempt {
    let attempt = |deed, call| Attempt { customer, deed, call, reply: None };
    match dice.below(3) {
        0 => {
            let amount = Charge::cents(i64::try_from(1 + dice.below(50_000)).expect("small"));
            let path = format!("/openbss/v1/accounts/{}/top-ups", credentials(customer).domain_id);
            let body = json!({"amount": amount.to_string(), "trans_id": key});
            attempt(Deed::TopUp(amount), Call::post("operator", &path, &body))
        }
        1 if !unpaid.is_empty() => {
            let order = unpaid.swap_remove(usize::try_from(dice.below(unpaid.len() as u64)).expect("small"));
            let body = json!({"order_id": order, "use_coupon": "NO", "use_discount": "NO"});
            let call = Call::post(customer, "/v3/orders/customer-orders/pay", &body).once(key.to_owned());
            attempt(Deed::Pay(order), call)
        }
        _ => {
            let line = json!({
                "cloud_service_type": "hws.service.type.ebs", "resource_type": "hws.resource.type.volume",
                "resource_spec": "GPSSD", "region": "eu-west-101", "resource_size": 1 + dice.below(40),
                "size_measure_id": 17, "period_type": 2, "period_num": 1,
            });
            let body = json!({"lines": [line]});
            attempt(Deed::Place, Call::post(customer, "/openbss/v1/orders", &body).once(key.to_owned()))
        }
    }
}

/// Writes with all clients until so many answers came, kills the server, and notes what is known.
fn load_and_kill(program: Program, world: &mut World, dice: &mut Dice, round: u32) {
    let (send, acknowledged) = mpsc::channel();
    let address = program.address;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let customer = CUSTOMERS[usize::try_from(number).expect("few") % CUSTOMERS.len()];
            let (dice, send) = (Dice(dice.below(u64::MAX)), send.clone());
            let name = format!("crash-{round}-{number}");
            std::thread::spawn(move || write(address, dice, &name, customer, &send))
        })
        .collect();
    drop(send);
    let until = ANSWERS.start + dice.below(ANSWERS.end - ANSWERS.start);
    for _ in 0..until {
        acknowledged.recv().expect("the clients write until the server goes away");
    }
    program.kill();
    for client in clients {
        for attempt in client.join().expect("the client ended with the server") {
            match &attempt.reply {
                None => world.under_way.push(attempt),
                Some(reply) => {
                    world.note(&attempt, reply);
                    if dice.below(8) == 0 {
                        world.samples.push(attempt);
                    }
                }
            }
        }
    }
}

fn survive(home: &Home<'_>, rounds: u32, seed: u64) {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut program = Program::start(home);
    let mut world = World::look(program.address);
    let mut under_way = 0;
    for round in 0..rounds {
        load_and_kill(program, &mut world, &mut dice, round);
        under_way += world.under_way.len();
        program = Program::start(home);
        let mut client = Client::connect(program.address).expect("it listens");
        world.check_acknowledged(&mut client);
        world.send_again(&mut client);
        world.check_totals(&mut client);
    }
    assert!(!world.orders.is_empty() && world.orders.values().any(|known| known.is_paid), "a real load");
    assert!(under_way > 0, "no round was killed in the middle of anything");
}

#[test]
fn a_killed_server_keeps_every_acknowledged_write_on_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    survive(&Home::Folder(folder.path()), 5, 0x5eed);
}

/// Kills openbss, not PostgreSQL: that a commit of PostgreSQL survives the end of PostgreSQL is its own promise.
#[test]
fn a_killed_server_keeps_every_acknowledged_write_on_postgres() {
    let database = Database::create();
    survive(&Home::Url(&database.url), 2, 0xfeed);
}

/// A database of its own in the cluster of the test run, which ends with that cluster.
struct Database {
    url: String,
}

impl Database {
    fn create() -> Self {
        let cluster = std::env::var("OPENBSS_TEST_POSTGRES").expect(
            "OPENBSS_TEST_POSTGRES is not set: run `cargo xtask test`, or `cargo xtask pg -- cargo nextest run`, \
             which start a cluster",
        );
        let (base, _) = cluster.rsplit_once('/').expect("the URL names a database");
        let name = format!("openbss_crash_{}", std::process::id());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (admin, connection) =
                tokio_postgres::connect(&cluster, tokio_postgres::NoTls).await.expect("the cluster answers");
            let connection = tokio::spawn(connection);
            admin.batch_execute(&format!("create database {name}")).await.expect("it is created");
            drop(admin);
            connection.await.expect("the connection's task ends").expect("the connection closes");
        });
        Self { url: format!("{base}/{name}") }
    }
}
