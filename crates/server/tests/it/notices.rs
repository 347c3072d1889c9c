//! Mails: whose address they go to, and how a real mail server gets them.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::site::Site;
use parking_lot::Mutex;
use platform::op::Host;
use serde_json::{Value, json};
use server::app::Provisioner;
use server::notices::mailer::{Mailer, Mails};
use server::notices::service::{Notice, Reason, Thing, mail};
use server::webhooks::sender::carry_due;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Options, TestApp};
use crate::on_both;

const PRODUCTION: Options =
    Options { site: Site::Eu, provisioner: Provisioner::Immediate, throttle: false, is_sandbox: false };

/// What a mail server got: the envelope's lines and the whole message.
type Got = Arc<Mutex<Vec<String>>>;

/// A mail server on a port of its own that answers a recipient with these replies, one after the other; the last one
/// stays. Connections are kept by the client, so each answers as many mails as come.
async fn mail_server(replies: &'static [&'static str]) -> (String, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let got: Got = Arc::default();
    let seen = got.clone();
    let number = Arc::new(Mutex::new(0_usize));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (seen, number) = (seen.clone(), number.clone());
            tokio::spawn(async move {
                let reply = || {
                    let mut number = number.lock();
                    *number += 1;
                    *replies.get(*number - 1).or(replies.last()).expect("there is a reply")
                };
                // A client that went away ends the conversation.
                let _gone = converse(stream, seen, reply).await;
            });
        }
    });
    (format!("smtp://{address}"), got)
}

/// One conversation by RFC 5321, as far as clients need it.
async fn converse(
    stream: TcpStream,
    seen: Got,
    mut reply: impl FnMut() -> &'static str,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 sink ESMTP\r\n").await?;
    let mut message: Vec<String> = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-sink\r\n250 8BITMIME".to_owned(),
            "RCPT" => {
                message.push(line);
                reply().to_owned()
            }
            "MAIL" => {
                message.push(line);
                "250 ok".to_owned()
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    message.push(line);
                }
                seen.lock().push(message.join("\n"));
                message.clear();
                "250 taken".to_owned()
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => {
                message.clear();
                "250 ok".to_owned()
            }
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// The text of a base64 body.
fn decoded(body: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = body.bytes().filter_map(|byte| ALPHABET.iter().position(|known| *known == byte));
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for digit in digits {
        bits = bits << 6 | u32::try_from(digit).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Tells an account that something of its is expired, in a transaction that is kept or not.
async fn tell(app: &TestApp, tenant: &str, is_kept: bool) {
    let mut cx = platform::job::context(&app.app, "test").await.unwrap();
    let at = |text| Instant::parse_utc(text).unwrap();
    let thing = Thing {
        resource_id: "cloud-1",
        name: "web-1",
        product_en: "A machine",
        product_zh: "云服务器",
        expires_at: at("2026-02-15T15:59:59Z"),
    };
    let notice = Notice::Frozen {
        thing,
        why: Reason { en: "Its grace period is over.", zh: "宽限期已结束。" },
        retained_until: Some(at("2026-03-17T15:59:59Z")),
    };
    mail(&mut cx, &app.domain(tenant), &notice).await.unwrap();
    let tx = cx.tx.take().unwrap();
    if is_kept {
        tx.commit().await.unwrap();
    } else {
        tx.rollback().await;
    }
}

/// The state and the number of attempts of every mail in the outbox, the oldest first.
async fn outbox(app: &TestApp) -> Vec<(String, i64)> {
    let mut tx = app.app.db().begin_read().await.unwrap();
    let sql = "select state, attempts from outbox where channel = 'mail' order by created_at, id";
    let rows = tx.all(sql, &[]).await.unwrap();
    tx.rollback().await;
    rows.iter().map(|row| (row.text(0).to_owned(), row.int(1))).collect()
}

/// Makes every pause of the outbox be over.
async fn no_pause(app: &TestApp) {
    let mut tx = app.app.db().begin_write().await.unwrap();
    tx.exec("update outbox set not_before = 0 where channel = 'mail'", &[]).await.unwrap();
    tx.commit().await.unwrap();
}

fn with_mailer(app: &TestApp, url: &str) {
    let mailer = Mailer::new(url, "Example Cloud <billing@cloud.example>").unwrap();
    assert!(app.app.mailer.set(mailer).is_ok());
}

async fn set(app: &TestApp, caller: &str, tenant: &str, email: Value) -> crate::harness::Reply {
    let path = format!("/openbss/v1/accounts/{}/contact", app.domain(tenant));
    app.call(caller, "PUT", &path, Some(json!({"email": email}))).await
}

async fn address(app: &TestApp, tenant: &str) -> Value {
    app.get("operator", &format!("/openbss/v1/accounts/{}", app.domain(tenant))).await.ok(200)["email"]
        .clone()
}

on_both! {
    async fn a_mail_server_gets_the_mail_with_everything_in_it(app: PRODUCTION) {
        let (url, got) = mail_server(&["250 ok"]).await;
        with_mailer(&app, &url);
        tell(&app, "acme", true).await;
        tell(&app, "acme", false).await;
        assert_eq!(outbox(&app).await, [("waiting".to_owned(), 0)], "what was rolled back is not told");
        assert_eq!(carry_due(&app.app, &Mails).await.unwrap(), 1);
        assert_eq!(outbox(&app).await, [("sent".to_owned(), 1)]);
        let mail = got.lock().remove(0);
        for line in [
            "MAIL FROM:<billing@cloud.example>", "RCPT TO:<acme@example.com>",
            "From: \"Example Cloud\" <billing@cloud.example>", "To: acme@example.com", "Subject: Frozen: web-1",
            "Message-ID: <", "@cloud.example>", "Date: ", "Content-Type: text/plain; charset=utf-8",
        ] {
            assert!(mail.contains(line), "{line} is not in {mail}");
        }
        let (_, body) = mail.split_once("base64\n\n").expect("a body that is not all ASCII");
        let text = decoded(body);
        for line in ["Resource: web-1 (cloud-1)\r\n", "It is kept until: 2026-03-17 23:59:59 (GMT+8)", "产品：云服务器"] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        // Once is enough.
        assert_eq!(carry_due(&app.app, &Mails).await.unwrap(), 0);
        app.finish().await;
    }

    async fn a_mail_that_is_not_taken_is_sent_again(app: PRODUCTION) {
        let (url, got) = mail_server(&["451 later", "250 ok"]).await;
        with_mailer(&app, &url);
        tell(&app, "acme", true).await;
        carry_due(&app.app, &Mails).await.unwrap();
        assert_eq!(outbox(&app).await, [("waiting".to_owned(), 1)]);
        assert_eq!(carry_due(&app.app, &Mails).await.unwrap(), 0, "not before its pause is over");
        no_pause(&app).await;
        carry_due(&app.app, &Mails).await.unwrap();
        assert_eq!(outbox(&app).await, [("sent".to_owned(), 2)]);
        assert_eq!(got.lock().len(), 1);
        app.finish().await;
    }

    async fn a_mail_that_is_refused_for_good_is_given_up(app: PRODUCTION) {
        let (url, got) = mail_server(&["550 nobody here"]).await;
        with_mailer(&app, &url);
        tell(&app, "acme", true).await;
        carry_due(&app.app, &Mails).await.unwrap();
        assert_eq!(outbox(&app).await, [("failed".to_owned(), 1)]);
        assert_eq!(got.lock().len(), 0);
        app.finish().await;
    }

    async fn a_mail_waits_for_a_server_that_is_down(app: PRODUCTION) {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", gone.local_addr().unwrap());
        drop(gone);
        with_mailer(&app, &url);
        tell(&app, "acme", true).await;
        carry_due(&app.app, &Mails).await.unwrap();
        assert_eq!(outbox(&app).await, [("waiting".to_owned(), 1)]);
        app.finish().await;
    }

    async fn without_a_mail_server_or_an_address_there_is_no_mail(app: PRODUCTION) {
        tell(&app, "acme", true).await;
        assert_eq!(outbox(&app).await, []);
        let (url, _) = mail_server(&["250 ok"]).await;
        with_mailer(&app, &url);
        set(&app, "acme", "acme", Value::Null).await.ok(200);
        tell(&app, "acme", true).await;
        assert_eq!(outbox(&app).await, []);
        app.finish().await;
    }

    async fn a_sandbox_keeps_mails_and_sends_none(app) {
        tell(&app, "globex-ops", true).await;
        assert_eq!(outbox(&app).await, [("captured".to_owned(), 0)]);
        assert_eq!(carry_due(&app.app, &Mails).await.unwrap(), 0);
        let told = crate::auto_renewals::mails(&app).await;
        assert_eq!(told[0]["recipient"], "globex-ops@example.com");
        assert_eq!(told[0]["subject"], "Frozen: web-1 / 资源冻结：web-1");
        app.finish().await;
    }

    async fn an_account_says_where_its_notices_go(app) {
        assert_eq!(address(&app, "acme").await, "acme@example.com");
        let answer = set(&app, "acme", "acme", json!("billing@acme.example")).await.ok(200);
        assert_eq!(answer, json!({"domain_id": app.domain("acme"), "email": "billing@acme.example"}));
        assert_eq!(address(&app, "acme").await, "billing@acme.example");
        set(&app, "operator", "north", json!("north@partner.example")).await.ok(200);
        assert_eq!(address(&app, "north").await, "north@partner.example");
        set(&app, "acme", "globex", json!("me@acme.example")).await.refused(400, "CBC.0100");
        assert_eq!(address(&app, "globex").await, "globex@example.com");
        for wrong in ["", "acme", "acme@", "@acme.example", "a b@acme.example", "a@b\r\nBcc: c@d", "ä@acme.example"] {
            let told = set(&app, "acme", "acme", json!(wrong)).await.refused(400, "CBC.0100");
            assert!(told.contains("email"), "{wrong}: {told}");
        }
        let long = format!("{}@acme.example", "x".repeat(250));
        set(&app, "acme", "acme", json!(long)).await.refused(400, "CBC.0100");

        let new = json!({"name": "fresh", "kind": "customer", "email": "fresh@mail.example"});
        let made = app.post("operator", "/openbss/v1/accounts", new).await.ok(201);
        assert_eq!(made["email"], "fresh@mail.example");
        let wrong = json!({"name": "other", "kind": "customer", "email": "nowhere"});
        app.post("operator", "/openbss/v1/accounts", wrong).await.refused(400, "CBC.0100");
        app.finish().await;
    }
}

#[test]
fn a_mailer_is_refused_by_what_cannot_be_read() {
    let refusal = |url: &str, from: &str| Mailer::new(url, from).err().unwrap_or_default();
    let (url, from) = ("smtps://user:word@mail.example:465", "Cloud <billing@cloud.example>");
    assert_eq!(refusal("smtp://127.0.0.1:25", "billing@cloud.example"), "");
    assert_eq!(refusal("smtp://mail.example:587?tls=required", from), "");
    assert!(refusal("http://mail.example", from).contains("smtp_url"));
    assert!(refusal("mail.example", from).contains("smtp_url"));
    assert!(refusal(url, "Cloud").contains("from"));
    assert!(!refusal("smtps://user:word@", from).contains("word"), "a password is not repeated");
}
