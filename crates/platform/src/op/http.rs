//! The door: from an HTTP request to a registered operation and back.
//!
//! Whether there is such a path is not said before the caller is known; what an operation would refuse is not
//! looked at before the caller is allowed to call it.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};

use super::dispatch::Accepted;
use super::limits::Limits;
use super::metrics::Metrics;
use super::names;
use super::node::Node;
use super::wire::{Problem, Refusal};
use super::{
    AccountKind, Answer, ApiError, Audit, Code, Entry, Host, Language, Method, Mode, Principal, Registry,
    RequestFacts, Right, Spec, door,
};
use crate::auth::secrets::hex;
use crate::auth::signature::{self, RequestParts};
use crate::clock;

/// How the door behaves.
#[derive(Debug, Clone)]
pub struct DoorConfig {
    /// Whether the published request limits apply.
    pub throttle: bool,
    /// Requests a second that replace the declared limit of an operation, by its id.
    pub rates: BTreeMap<String, u32>,
    /// What a request beyond its limit is answered (`rules.md` 0.5): the service's code, or the gateway's.
    pub throttle_code: &'static Code,
    /// Largest body of a signed request in bytes (004 3.1.2: 12 MB).
    pub signed_body_max: usize,
    /// Largest body of a request with a token.
    pub token_body_max: usize,
    /// Largest body of a request without authentication.
    pub public_body_max: usize,
    /// Whether the peer is a proxy whose `X-Forwarded-For` names the client.
    pub behind_proxy: bool,
    /// Whether an error that an operation does not declare stops the process: so in tests.
    pub strict: bool,
}

impl Default for DoorConfig {
    fn default() -> Self {
        Self {
            throttle: true,
            rates: BTreeMap::new(),
            throttle_code: &door::THROTTLED,
            signed_body_max: 12 * 1024 * 1024,
            token_body_max: 12 * 1024 * 1024,
            public_body_max: 64 * 1024,
            behind_proxy: false,
            strict: false,
        }
    }
}

/// A server: the application, its operations, its limits and counters.
pub struct Server<H: Host> {
    app: Arc<H>,
    registry: Registry<H>,
    routes: HashMap<Method, matchit::Router<usize>>,
    limits: Limits,
    metrics: Arc<Metrics>,
    config: DoorConfig,
    anonymous: Arc<Principal>,
}

/// The name that metrics use for requests that met no operation.
const NO_OPERATION: &str = "none";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest idempotency key.
const IDEMPOTENCY_KEY_MAX: usize = 128;
/// How long a body may take to arrive: 12 MB at 200 KB/s.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// The most query parameters of one request.
const QUERY_MAX: usize = 200;

/// What authentication found.
enum Credentials {
    Signed(Arc<super::AccessKey>),
    Token(Arc<Principal>),
}

impl<H: Host> Server<H> {
    /// A server of `registry`; fails when two operations claim one path.
    pub fn new(
        app: Arc<H>,
        registry: Registry<H>,
        metrics: Arc<Metrics>,
        config: DoorConfig,
    ) -> Result<Self, String> {
        let mut routes: HashMap<Method, matchit::Router<usize>> = HashMap::new();
        for (number, entry) in registry.entries().iter().enumerate() {
            if entry.spec.sites.has(app.site()) {
                routes
                    .entry(entry.spec.method)
                    .or_default()
                    .insert(entry.spec.path, number)
                    .map_err(|error| format!("{}: {error}", entry.spec.id))?;
            }
        }
        let limits = Limits::new(registry.entries().iter().map(|entry| entry.spec), &config.rates)?;
        let anonymous = Arc::new(Principal {
            account: String::new(),
            account_name: String::new(),
            kind: AccountKind::Customer,
            user: String::new(),
            user_name: String::new(),
            rights: 0,
            actions: Some(Vec::new()),
            access_key: None,
            via: None,
            project: None,
        });
        Ok(Self { app, registry, routes, limits, metrics, config, anonymous })
    }

    /// The application.
    pub fn app(&self) -> &Arc<H> {
        &self.app
    }

    /// The operations.
    pub fn registry(&self) -> &Registry<H> {
        &self.registry
    }

    /// Answers one request.
    pub async fn handle<B>(self: &Arc<Self>, request: Request<B>, peer: SocketAddr) -> Response<Full<Bytes>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let started = clock::monotonic();
        let (mut head, body) = request.into_parts();
        host_from_authority(&mut head);
        let facts = Arc::new(RequestFacts {
            id: clock::request_id(),
            source: self.source(&head.headers, peer),
            language: language(&head.headers),
        });
        let found = self.route(&head);
        let entry = found.as_ref().map(|(number, _)| &self.registry.entries()[*number]);
        let answered = self.answer(&head, body, &facts, found.as_ref()).await;
        let operation = entry.map_or(NO_OPERATION, |entry| entry.spec.id);
        let success = entry.map_or(200, |entry| entry.spec.success);
        let (response, status, code) = match answered {
            Ok(answer) => {
                let status = answer.status.unwrap_or(success);
                (respond(answer, status), status, "")
            }
            Err(error) => {
                self.check_declared(entry, &error);
                log_error(operation, &facts, &error);
                (refuse(&error, facts.language), error.status, error.code.code)
            }
        };
        self.metrics.count(operation, status, code, clock::since(started));
        tracing::debug!(operation, status, code, request_id = %facts.id, "answered");
        with_request_id(response, &facts.id)
    }

    fn source(&self, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
        let forwarded = || {
            // The last address is the one our own proxy saw; those before it are the client's claim.
            headers.get("x-forwarded-for")?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
        };
        if self.config.behind_proxy { forwarded().unwrap_or(peer.ip()) } else { peer.ip() }
    }

    /// The operation of a request, and its path parameters.
    fn route(&self, head: &http::request::Parts) -> Option<(usize, Vec<(String, String)>)> {
        let method = Method::parse(head.method.as_str())?;
        let found = self.routes.get(&method)?.at(head.uri.path()).ok()?;
        let path =
            found.params.iter().map(|(name, raw)| Some((name.to_owned(), percent_decode(raw, false)?)));
        Some((*found.value, path.collect::<Option<_>>()?))
    }

    async fn answer<B>(
        self: &Arc<Self>,
        head: &http::request::Parts,
        body: B,
        facts: &Arc<RequestFacts>,
        found: Option<&(usize, Vec<(String, String)>)>,
    ) -> Result<Answer, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let entry = found.map(|(number, _)| &self.registry.entries()[*number]);
        let limited = entry.is_none_or(|entry| entry.spec.limit != super::Limit::None);
        if self.config.throttle && limited && !self.limits.admits_address(facts.source) {
            return Err(self.config.throttle_code.error());
        }
        let is_public = entry.is_some_and(|entry| entry.spec.is_public());
        let (principal, bytes) = if is_public {
            (self.anonymous.clone(), read_body(body, self.config.public_body_max).await?)
        } else {
            // Signers may leave a payload unsigned only where it is not JSON that changes something.
            let is_write = head.method != http::Method::GET;
            let json_write =
                is_write && (is_json(&head.headers) || entry.is_none_or(super::Entry::wants_json));
            self.authenticate(head, body, json_write).await?
        };
        let Some((number, path)) = found else {
            let (method, path) = (&head.method, head.uri.path());
            return Err(door::NO_SUCH_API.because(
                format!("There is no API {method} {path}."),
                format!("接口 {method} {path} 不存在。"),
            ));
        };
        let entry = &self.registry.entries()[*number];
        authorise(entry, &principal, &head.headers)?;
        self.check_project(entry.spec, &principal, &head.headers).await?;
        if self.config.throttle && !self.limits.admits(*number, facts.source, &principal.account) {
            return Err(self.config.throttle_code.error());
        }
        self.injected_fault(entry).await?;
        let accepted = accept(head, bytes, principal, facts, path, entry)?;
        self.run(*number, accepted).await
    }

    /// Runs to the end in a task of its own: a client that hangs up does not cancel what has begun.
    async fn run(self: &Arc<Self>, number: usize, accepted: Accepted) -> Result<Answer, ApiError> {
        let spec = self.registry.entries()[number].spec;
        // Some operations change something in transactions of their own: their right or audit event tells.
        let only_reads = spec.mode != Mode::Write && spec.audit == Audit::None && spec.right == Right::Read;
        if only_reads {
            return self.registry.entries()[number].runner.run(&self.app, &accepted).await;
        }
        let server = self.clone();
        let task = tokio::spawn(async move {
            server.registry.entries()[number].runner.run(&server.app, &accepted).await
        });
        match task.await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "an operation's task ended early");
                Err(door::INTERNAL.error())
            }
        }
    }

    /// Finds out who calls: key, date and signed headers first, the body afterwards.
    async fn authenticate<B>(
        &self,
        head: &http::request::Parts,
        body: B,
        json_write: bool,
    ) -> Result<(Arc<Principal>, Bytes), ApiError>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let headers = &head.headers;
        let unauthenticated = |error: signature::SignatureError| {
            door::SIGNATURE.because(format!("Not authenticated: {error}."), format!("认证失败：{error}。"))
        };
        let signed = signature::parse_authorization(headers).map_err(unauthenticated)?;
        let parts = RequestParts {
            method: head.method.as_str(),
            raw_path: head.uri.path(),
            raw_query: head.uri.query(),
            headers,
        };
        let credentials = match &signed {
            Some(signed) => {
                signature::check_shape(signed, &parts, clock::machine_now().ms(), json_write)
                    .map_err(unauthenticated)?;
                let key = self.app.find_access_key(signed.access_key).await?.ok_or_else(|| {
                    door::SIGNATURE.because(
                        "Not authenticated: the access key is unknown or disabled.",
                        "认证失败：访问密钥不存在或已停用。",
                    )
                })?;
                Credentials::Signed(key)
            }
            None => Credentials::Token(self.token_principal(headers).await?),
        };
        match (credentials, &signed) {
            (Credentials::Signed(key), Some(signed)) => {
                let bytes = read_body(body, self.config.signed_body_max).await?;
                signature::verify(signed, &parts, &bytes, &key.secret).map_err(unauthenticated)?;
                Ok((key.principal.clone(), bytes))
            }
            (Credentials::Token(principal), _) => {
                Ok((principal, read_body(body, self.config.token_body_max).await?))
            }
            (Credentials::Signed(_), None) => unreachable!("a key is only looked up for a signed request"),
        }
    }

    async fn token_principal(&self, headers: &HeaderMap) -> Result<Arc<Principal>, ApiError> {
        let Some(token) = headers.get("x-auth-token") else {
            return Err(door::SIGNATURE.because(
                "Not authenticated: sign the request with an access key (Authorization) or send a token (X-Auth-Token).",
                "认证失败：请使用访问密钥签名（Authorization）或携带 Token（X-Auth-Token）。",
            ));
        };
        let known = match token.to_str() {
            Ok(token) => self.app.find_token(token).await?,
            Err(_) => None,
        };
        known.ok_or_else(|| door::TOKEN.error())
    }

    /// Checks that X-Project-Id, where it is sent, names a project of the caller (`rules.md` 13).
    async fn check_project(
        &self,
        spec: &Spec,
        principal: &Principal,
        headers: &HeaderMap,
    ) -> Result<(), ApiError> {
        let Some(value) = headers.get("x-project-id").filter(|value| !value.is_empty()) else {
            return Ok(());
        };
        if spec.is_public() {
            return Ok(());
        }
        let is_own = match value.to_str() {
            Ok(id) if principal.project.as_deref() == Some(id) => true,
            Ok(id) => self.app.owns_project(&principal.account, id).await?,
            Err(_) => false,
        };
        if is_own {
            return Ok(());
        }
        Err(door::DENIED.because(
            "X-Project-Id names no project of the account that signed.",
            "X-Project-Id 不是签名账号的项目。",
        ))
    }

    async fn injected_fault(&self, entry: &Entry<H>) -> Result<(), ApiError> {
        let Some(fault) = self.app.take_fault(entry.spec.id) else { return Ok(()) };
        if fault.latency_ms > 0 {
            tokio::time::sleep(Duration::from_millis(fault.latency_ms)).await;
        }
        match fault.error {
            None => Ok(()),
            Some(injected) => {
                let (en, zh) = (injected.code.en, injected.code.zh);
                let error =
                    injected.code.because(format!("Injected fault: {en}"), format!("注入的故障：{zh}"));
                Err(ApiError { status: injected.status, is_injected: true, ..error })
            }
        }
    }

    fn check_declared(&self, entry: Option<&Entry<H>>, error: &ApiError) {
        let Some(entry) = entry else { return };
        // Injected faults carry any code of the registry.
        if error.is_injected {
            return;
        }
        if !entry.spec.declares(error.code) {
            self.metrics.count_undeclared(entry.spec.id, error.code.status, error.code.code);
            tracing::error!(
                operation = entry.spec.id,
                code = error.code.code,
                "an undeclared error was answered"
            );
            assert!(!self.config.strict, "{} does not declare {}", entry.spec.id, error.code.code);
        }
    }
}

/// Checks that the account and user may call the operation, and that headers name no other account.
fn authorise<H: Host>(entry: &Entry<H>, principal: &Principal, headers: &HeaderMap) -> Result<(), ApiError> {
    let spec = entry.spec;
    if spec.is_public() {
        return Ok(());
    }
    let claims_other = |name: &str, own: &str| {
        headers.get(name).is_some_and(|value| !value.is_empty() && value.as_bytes() != own.as_bytes())
    };
    if claims_other("x-domain-id", &principal.account) {
        return Err(door::DENIED.because(
            "X-Domain-Id names another account than the one that signed.",
            "X-Domain-Id 与签名账号不一致。",
        ));
    }
    if !spec.admits(principal.kind) {
        let kind = principal.kind.as_str();
        return Err(spec.denied.because(
            format!("{} cannot be called by an account of kind {kind}.", spec.id),
            format!("{kind} 类型的账号无权调用 {}。", spec.id),
        ));
    }
    let lacks_right = !principal.has(spec.right);
    let lacks_action = principal.kind.is_partner() && !principal.has_action(spec.actions);
    if lacks_right || lacks_action {
        return Err(spec.denied.because(
            format!("The user has no permission for {}; ask the account's administrator.", spec.id),
            format!("该用户没有调用 {} 的权限，请联系账号管理员。", spec.id),
        ));
    }
    Ok(())
}

/// Decodes what is common to all operations: query, body, idempotency key.
fn accept<H: Host>(
    head: &http::request::Parts,
    bytes: Bytes,
    principal: Arc<Principal>,
    facts: &Arc<RequestFacts>,
    path: &[(String, String)],
    entry: &Entry<H>,
) -> Result<Accepted, ApiError> {
    let query = parse_query(head.uri.query().unwrap_or(""))?;
    let wants_body = entry.wants_json() && (entry.needs_body() || !bytes.is_empty());
    let body = if wants_body { Some(json_body(&head.headers, &bytes)?) } else { None };
    if let Some(shape) = entry.own_shape() {
        names::check(shape, &query, body.as_ref())?;
    }
    let idempotency = match head.headers.get("idempotency-key") {
        None => None,
        Some(_) if entry.spec.method == Method::Get => None,
        Some(_) if entry.spec.is_secret => {
            return Err(door::PARAMETER.because(
                "Idempotency-Key is not accepted here: the answer bears a secret and is never stored.",
                "该接口不支持 Idempotency-Key：响应包含密钥，不会被保存。",
            ));
        }
        Some(_) if entry.spec.mode != Mode::Write => None,
        Some(key) => Some((idempotency_key(key)?, input_hash(head, &bytes))),
    };
    Ok(Accepted {
        principal,
        facts: facts.clone(),
        path: path.to_vec(),
        query,
        headers: head.headers.clone(),
        body,
        bytes,
        idempotency,
    })
}

fn idempotency_key(value: &HeaderValue) -> Result<String, ApiError> {
    let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_MAX);
    key.map(str::to_owned).ok_or_else(|| {
        door::PARAMETER.because(
            format!("Idempotency-Key must have 1 to {IDEMPOTENCY_KEY_MAX} visible ASCII characters."),
            format!("Idempotency-Key 必须为 1 到 {IDEMPOTENCY_KEY_MAX} 个可见 ASCII 字符。"),
        )
    })
}

/// Hash of everything that makes two requests the same.
fn input_hash(head: &http::request::Parts, bytes: &[u8]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(head.uri.path().as_bytes());
    context.update(b"?");
    context.update(head.uri.query().unwrap_or("").as_bytes());
    context.update(b"\n");
    context.update(bytes);
    hex(context.finish().as_ref())
}

fn is_json(headers: &HeaderMap) -> bool {
    match headers.get(http::header::CONTENT_TYPE) {
        None => true,
        Some(value) => {
            let media = value.to_str().unwrap_or("").split(';').next().unwrap_or("").trim();
            media.eq_ignore_ascii_case("application/json")
        }
    }
}

fn json_body(headers: &HeaderMap, bytes: &Bytes) -> Result<Node, ApiError> {
    if !is_json(headers) {
        return Err(door::PARAMETER
            .because("Content-Type must be application/json.", "Content-Type 必须为 application/json。"));
    }
    if bytes.is_empty() {
        return Err(door::PARAMETER.because("The request body is missing.", "缺少请求体。"));
    }
    let node = Node::parse(bytes).map_err(|error| {
        door::PARAMETER
            .because(format!("The request body is {error}."), format!("请求体不是合法的 JSON：{error}。"))
    })?;
    match node {
        Node::Object(_) => Ok(node),
        _ => {
            Err(door::PARAMETER
                .because("The request body must be a JSON object.", "请求体必须为 JSON 对象。"))
        }
    }
}

async fn read_body<B>(body: B, max: usize) -> Result<Bytes, ApiError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let collected = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, max).collect());
    let Ok(collected) = collected.await else {
        return Err(door::PARAMETER.because(
            format!("The request body did not arrive within {} seconds.", BODY_TIMEOUT.as_secs()),
            format!("请求体未在 {} 秒内到达。", BODY_TIMEOUT.as_secs()),
        ));
    };
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(door::TOO_LARGE.because(
            format!("The request body has more than {max} bytes."),
            format!("请求体超过 {max} 字节。"),
        )),
        Err(_) => Err(door::PARAMETER.because("The request body broke off.", "请求体不完整。")),
    }
}

/// Reads a query string; `+` is a space, as forms send it.
fn parse_query(raw: &str) -> Result<Vec<(String, String)>, ApiError> {
    let mut pairs = Vec::new();
    for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
        if pairs.len() >= QUERY_MAX {
            return Err(door::PARAMETER.because(
                format!("The query string has more than {QUERY_MAX} parameters."),
                format!("查询参数超过 {QUERY_MAX} 个。"),
            ));
        }
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let Some(name) = percent_decode(name, true) else {
            return Err(door::PARAMETER.because(
                "The name of a query parameter is not percent-encoded UTF-8 text without U+0000.",
                "查询参数名不是合法的 UTF-8 百分号编码，或包含 U+0000。",
            ));
        };
        let Some(value) = percent_decode(value, true) else {
            let form = Problem::Form("percent-encoded UTF-8 text without U+0000");
            return Err(Refusal::new(name, form).into());
        };
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Decodes `%XX`; `None` where that is not UTF-8 text without NUL.
fn percent_decode(raw: &str, plus_is_space: bool) -> Option<String> {
    let bytes = raw.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                let digits = raw.get(at + 1..at + 3)?;
                decoded.push(u8::from_str_radix(digits, 16).ok()?);
                at += 2;
            }
            b'+' if plus_is_space => decoded.push(b' '),
            byte => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8(decoded).ok().filter(|text| !text.contains('\0'))
}

/// HTTP/2 sends the host as `:authority`; the signature was made over `host`.
fn host_from_authority(head: &mut http::request::Parts) {
    if head.headers.contains_key(http::header::HOST) {
        return;
    }
    if let Some(Ok(host)) = head.uri.authority().map(|authority| HeaderValue::from_str(authority.as_str())) {
        head.headers.insert(http::header::HOST, host);
    }
}

fn language(headers: &HeaderMap) -> Language {
    headers
        .get("x-language")
        .and_then(|value| value.to_str().ok())
        .and_then(Language::parse)
        .unwrap_or(Language::EnUs)
}

fn respond(answer: Answer, status: u16) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if status != 204 {
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    }
    response.headers_mut().extend(answer.headers.into_iter().map(|(name, value)| (Some(name), value)));
    response
}

fn refuse(error: &ApiError, language: Language) -> Response<Full<Bytes>> {
    let mut body = serde_json::Map::new();
    body.insert("error_code".to_owned(), error.code.code.into());
    body.insert("error_msg".to_owned(), error.message(language).into());
    for (field, value) in error.extra.iter().flat_map(|extra| extra.iter()) {
        body.insert(field.clone(), value.clone());
    }
    let body = serde_json::Value::Object(body).to_string();
    let mut response = respond(Answer::of(super::output::JSON, body), error.status);
    if error.status == 429 {
        let seconds = HeaderValue::from(error.retry_after_s.unwrap_or(1));
        response.headers_mut().insert(http::header::RETRY_AFTER, seconds);
    }
    response
}

fn with_request_id(mut response: Response<Full<Bytes>>, id: &str) -> Response<Full<Bytes>> {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn log_error(operation: &str, facts: &RequestFacts, error: &ApiError) {
    let (Code { code, .. }, status) = (error.code, error.status);
    match &error.source {
        Some(source) => {
            tracing::error!(operation, code, status, request_id = %facts.id, error = %source, "a request failed");
        }
        None => tracing::info!(operation, code, status, request_id = %facts.id, "a request was refused"),
    }
}
