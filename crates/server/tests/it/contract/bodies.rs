//! Bodies that no operation reads: refused by the door, the same on every operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use platform::op::node::DEPTH_MAX;

use super::calls::{Complaints, admitted, call, concrete, guarded, served, signed_request};
use crate::on_both;

/// Largest signed body (004 3.1.2).
const SIGNED_MAX: usize = 12 * 1024 * 1024;

fn nested(levels: usize) -> Vec<u8> {
    let mut text = br#"{"a":"#.to_vec();
    text.extend(b"[".repeat(levels));
    text.extend(b"]".repeat(levels));
    text.push(b'}');
    text
}

/// What is wrong, the content type, the body.
fn unreadable() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let json = "application/json";
    vec![
        ("another type", "text/plain", b"{}".to_vec()),
        ("a form", "application/x-www-form-urlencoded", b"a=1".to_vec()),
        ("an empty body", json, Vec::new()),
        ("white space", json, b" \n".to_vec()),
        ("half an object", json, br#"{"a":1"#.to_vec()),
        ("two objects", json, b"{}{}".to_vec()),
        ("a comment", json, b"{/* */}".to_vec()),
        ("single quotes", json, b"{'a':1}".to_vec()),
        ("not a number", json, br#"{"a":NaN}"#.to_vec()),
        ("a list", json, b"[]".to_vec()),
        ("a list of an object", json, b"[{}]".to_vec()),
        ("a string", json, br#""{}""#.to_vec()),
        ("null", json, b"null".to_vec()),
        ("a number", json, b"1".to_vec()),
        ("a key twice", json, br#"{"order_id":"1","order_id":"2"}"#.to_vec()),
        ("a key twice below", json, br#"{"a":{"b":1,"b":1}}"#.to_vec()),
        ("too deep", json, nested(DEPTH_MAX)),
        ("far too deep", json, nested(20_000)),
        ("invalid UTF-8", json, b"{\"a\":\"\xff\xfe\"}".to_vec()),
        ("a lone surrogate", json, br#"{"a":"\ud800"}"#.to_vec()),
        ("NUL", json, br#"{"a":"\u0000"}"#.to_vec()),
        ("a byte order mark of UTF-16", json, b"\xff\xfe{\0}\0".to_vec()),
    ]
}

on_both! {
    async fn an_unreadable_body_is_a_parameter_error(app) {
        let mut complaints = Complaints::default();
        for entry in served(&app).filter(|entry| entry.wants_json()) {
            let spec = entry.spec;
            let tenant = admitted(spec);
            let path = concrete(spec, &app.domain(tenant));
            for (what, content_type, body) in unreadable() {
                // An empty body is no body: right where every member may be left out.
                if body.is_empty() && !entry.needs_body() {
                    continue;
                }
                let headers = [("content-type", content_type)];
                let reply = call(&app, spec, &app.key(tenant), &path, &body, &headers).await;
                complaints.refused(&format!("{}: {what}", spec.id), &reply, 400, "CBC.0100");
            }
        }
        complaints.none();
        app.finish().await;
    }

    async fn a_body_over_the_limit_is_refused_before_it_is_read_to_its_end(app) {
        let mut complaints = Complaints::default();
        let piece = Bytes::from(vec![b' '; 1024 * 1024]);
        for entry in guarded(&app).filter(|entry| entry.wants_json()) {
            let spec = entry.spec;
            let tenant = admitted(spec);
            let path = concrete(spec, &app.domain(tenant));
            let (head, _) = signed_request(&app.key(tenant), spec.method.as_str(), &path, b"{}", &[]).into_parts();
            let sent = Arc::new(AtomicUsize::new(0));
            let (count, piece) = (sent.clone(), piece.clone());
            let pieces = (0..64).map(move |_| {
                count.fetch_add(piece.len(), Ordering::Relaxed);
                Ok::<_, std::convert::Infallible>(http_body::Frame::data(piece.clone()))
            });
            let body = StreamBody::new(futures_util::stream::iter(pieces));
            let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 50_000));
            let response = app.server.handle(http::Request::from_parts(head, body), peer).await;
            let (head, body) = response.into_parts();
            let body = body.collect().await.expect("in memory").to_bytes().to_vec();
            let reply = crate::harness::Reply { status: head.status.as_u16(), headers: head.headers, body };
            complaints.refused(spec.id, &reply, 413, "APIG.0201");
            let read = sent.load(Ordering::Relaxed);
            complaints.unless(read <= SIGNED_MAX + 2 * 1024 * 1024, || format!("{}: {read} bytes read", spec.id));
        }
        complaints.none();
        app.finish().await;
    }

    async fn a_body_at_the_limit_is_read(app) {
        let mut body = br#"{"order_id":"nobodys-id","note":""#.to_vec();
        body.resize(SIGNED_MAX - 2, b'x');
        body.extend(b"\"}");
        let path = "/v2/orders/customer-orders/cancel";
        let request = signed_request(&app.key("acme"), "PUT", path, &body, &[]);
        app.send(request).await.refused(400, "CBC.30000010");
        app.finish().await;
    }

    async fn a_query_string_that_is_no_text_is_a_parameter_error(app) {
        let mut complaints = Complaints::default();
        let many = (0..201).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
        let queries = ["limit=%ff", "%ff=1", "limit=%00", "a%00=1", "limit=%", "limit=%zz", "limit=%c3%28", &many];
        for entry in guarded(&app) {
            let spec = entry.spec;
            let tenant = admitted(spec);
            for query in queries {
                let path = format!("{}?{query}", concrete(spec, &app.domain(tenant)));
                let reply = call(&app, spec, &app.key(tenant), &path, b"{}", &[]).await;
                complaints.refused(&format!("{} ?{query:.12}", spec.id), &reply, 400, "CBC.0100");
            }
        }
        complaints.none();
        app.finish().await;
    }
}
