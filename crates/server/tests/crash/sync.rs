//! No answer to a write leaves before the sync that covers it, by the system calls of the real program.

use std::net::SocketAddr;

use serde_json::json;
use server::sandbox::demo::credentials;

use crate::client::{Call, Client};
use crate::program::{Home, Program};
use crate::trace::{Effect, Event, breaches, parse, status_and_id};

/// Clients that write at the same time, so that commits are shared.
const CLIENTS: usize = 8;
/// How often each of them does its four writes.
const ROUNDS: usize = 2;
/// Writes of one round: a top-up, an order, its payment, and a second payment, which is refused and audited.
const WRITES: usize = 4;

fn write(address: SocketAddr, name: &str) {
    let mut client = Client::connect(address).expect("it listens");
    for round in 0..ROUNDS {
        let path = format!("/openbss/v1/accounts/{}/top-ups", credentials("acme").domain_id);
        let top_up = json!({"amount": "1.00", "trans_id": format!("{name}-{round}")});
        client.call(&Call::post("operator", &path, &top_up)).expect("an answer").ok(201);
        let line = json!({
            "cloud_service_type": "hws.service.type.ebs", "resource_type": "hws.resource.type.volume",
            "resource_spec": "GPSSD", "region": "eu-west-101", "resource_size": 1, "size_measure_id": 17,
            "period_type": 2, "period_num": 1,
        });
        let place = Call::post("acme", "/openbss/v1/orders", &json!({"lines": [line]}));
        let order = client.call(&place).expect("an answer").ok(201)["order_id"].clone();
        let pay = json!({"order_id": order, "use_coupon": "NO", "use_discount": "NO"});
        let pay = Call::post("acme", "/v3/orders/customer-orders/pay", &pay);
        client.call(&pay).expect("an answer").ok(204);
        let refused = client.call(&pay).expect("an answer");
        assert!((400..500).contains(&refused.status), "{refused:?}");
    }
}

/// The system calls of a server to which one client writes, and then eight at once.
fn traced() -> Vec<Event> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("trace");
    let data = folder.path().join("data");
    let program = Program::start_traced(&Home::Folder(&data), &trace);
    let address = program.address;
    write(address, "alone");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| std::thread::spawn(move || write(address, &format!("together-{number}"))))
        .collect();
    for client in clients {
        client.join().expect("every write is answered");
    }
    program.stop();
    parse(&std::fs::read_to_string(&trace).expect("strace wrote it"))
}

#[test]
fn no_answer_to_a_write_leaves_before_its_sync() {
    let events = traced();
    let (answers, found) = breaches(&events);
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(answers, (CLIENTS + 1) * ROUNDS * WRITES, "every write was looked at");
    let syncs = events.iter().filter(|event| event.effect == Effect::LogSync).count();
    assert!(syncs >= ROUNDS * WRITES, "one client alone needs a sync for each of its writes");
    planted_faults_are_found(&events);
}

/// The rule is worth nothing if it cannot be broken: the same trace with faults in it.
fn planted_faults_are_found(events: &[Event]) {
    let is_sync = |event: &Event| event.effect == Effect::LogSync;
    let is_write_answer = |event: &Event| match &event.effect {
        Effect::Answer(bytes) => status_and_id(bytes).is_some_and(|(status, _)| status != 200),
        Effect::LogWrite(_) | Effect::LogSync => false,
    };
    // A server that never syncs.
    let never: Vec<Event> = events.iter().filter(|event| !is_sync(event)).cloned().collect();
    let (answers, found) = breaches(&never);
    assert_eq!(found.len(), answers, "without syncs no answer is covered");
    // A disk whose syncs fail.
    let failing: Vec<Event> = events
        .iter()
        .map(|event| Event { ended: event.ended.filter(|_| !is_sync(event)), ..event.clone() })
        .collect();
    assert_eq!(breaches(&failing).1.len(), answers, "a sync that failed covers nothing");
    // One commit in the middle whose sync is late: it ends just after the first answer that relies on it.
    let first = events.iter().position(is_write_answer).expect("there are answers");
    let sync = events[..first].iter().rposition(is_sync).expect("it was synced");
    let mut late = events.to_vec();
    late[sync].ended = Some(events[first].began + 1);
    let (_, found) = breaches(&late);
    assert_eq!(found.len(), 1, "{found:#?}");
    // One answer that overtakes the commit of its own write.
    let mut early = events.to_vec();
    early[first].began = events[sync].began;
    assert_eq!(breaches(&early).1.len(), 1);
    // A server that writes nothing at all.
    let nothing: Vec<Event> =
        events.iter().filter(|event| !matches!(event.effect, Effect::LogWrite(_))).cloned().collect();
    assert_eq!(breaches(&nothing).1.len(), answers);
}
