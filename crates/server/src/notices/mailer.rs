//! Mails sent by SMTP, from the outbox.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use platform::clock::machine_now;
use platform::db::DbError;

use crate::Boxed;
use crate::app::App;
use crate::webhooks::sender::{Carrier, Outcome};
use crate::webhooks::service::{Channel, Notification};

/// How long one mail may take, from the connection to the server's last word: less than it is claimed for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The way to a mail server.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// A way to the server of `url` (`smtps://user:password@host:465`; `smtp://host:587?tls=required` for STARTTLS;
    /// `smtp://host:25` in clear text), with the sender `from` (`Example Cloud <billing@example.com>`). Nothing is
    /// connected yet.
    ///
    /// # Errors
    /// Which of the two cannot be read; neither is repeated, since the URL may bear a password.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let from: Mailbox = from
            .parse()
            .map_err(|_| "from must be an address, such as Example Cloud <billing@example.com>".to_owned())?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| "smtp_url must be an smtp:// or smtps:// address".to_owned())?;
        Ok(Self { transport: builder.timeout(Some(TIMEOUT)).build(), from })
    }

    /// Sends one mail; its id makes the `Message-ID`, by which a mail server tells repetitions.
    async fn send(&self, one: &Notification) -> Outcome {
        let Ok(address) = one.url.parse::<Address>() else {
            return Outcome::Impossible("the address is not one");
        };
        let since_epoch = Duration::from_millis(machine_now().ms().unsigned_abs());
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .date(SystemTime::UNIX_EPOCH + since_epoch)
            .message_id(Some(format!("<{}@{}>", one.id, self.from.email.domain())))
            .subject(one.event.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(one.body.clone());
        let Ok(message) = message else { return Outcome::Impossible("the mail cannot be composed") };
        match tokio::time::timeout(TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Outcome::Sent,
            Ok(Err(error)) if error.is_permanent() => Outcome::Impossible("the mail server refused it"),
            // What a server says may repeat the address, so only its number is kept.
            Ok(Err(error)) => Outcome::Refused(match error.status() {
                Some(code) => format!("the mail server answered {code}"),
                None if error.is_tls() => "no TLS with the mail server".to_owned(),
                None => "the mail server cannot be reached".to_owned(),
            }),
            Err(_) => Outcome::Refused("no answer in time".to_owned()),
        }
    }
}

/// Sends mails by the application's mailer; without one nothing is in the outbox to be sent.
pub struct Mails;

impl Carrier for Mails {
    fn channel(&self) -> Channel {
        Channel::Mail
    }

    fn attempt<'a>(
        &'a self,
        app: &'a Arc<App>,
        one: &'a Notification,
    ) -> Boxed<'a, Result<Outcome, DbError>> {
        Box::pin(async move {
            match app.mailer.get() {
                Some(mailer) => Ok(mailer.send(one).await),
                // A server that was configured before and is no longer.
                None => Ok(Outcome::Refused("no mail server is configured".to_owned())),
            }
        })
    }
}
