//! The whole catalogue in one document: the operator's own API.

use platform::input;
use platform::op::wire::{Described, Source};
use platform::op::{
    Answer, ApiError, Audit, Input, Json, Limit, Method, Mode, OPERATOR, Operation, Raw, Refusal, Right,
    Sites, Spec, door,
};

use crate::Cx;
use crate::app::App;
use crate::catalog::service::{self, Imported, Read};
use crate::catalog::yaml::Format;

/// The content type of a YAML answer.
const YAML: &str = "application/yaml;charset=UTF-8";

/// A document in the body, read before any transaction begins.
pub struct ImportCatalogInput(Read);

impl Input for ImportCatalogInput {
    fn params() -> Vec<Described> {
        // The body is no JSON object of parameters: it is the document, in either format.
        Vec::new()
    }

    fn raw_body() -> &'static [&'static str] {
        &["application/yaml", "application/json"]
    }

    fn decode(source: &Source<'_>) -> Result<Self, Refusal> {
        let media = source.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = media.unwrap_or("application/yaml").split(';').next().unwrap_or_default().trim();
        let format = match media.to_ascii_lowercase().as_str() {
            "application/json" => Format::Json,
            "application/yaml" | "application/x-yaml" | "text/yaml" => Format::Yaml,
            _ => {
                return Err(Refusal::because(
                    "Content-Type",
                    "must be application/yaml or application/json",
                    "必须为 application/yaml 或 application/json",
                ));
            }
        };
        let text = std::str::from_utf8(source.bytes)
            .map_err(|_| Refusal::because("document", "must be UTF-8", "必须为 UTF-8 编码"))?;
        service::read(text, format).map(Self)
    }
}

/// Replaces the catalogue by a document, whole, or refuses it with line and reason.
pub struct ImportCatalog;

impl Operation<App> for ImportCatalog {
    type Input = ImportCatalogInput;
    type Output = Json<Imported>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ImportCatalog",
        method: Method::Put,
        path: "/openbss/v1/catalog",
        about: "Replaces the whole catalogue by a YAML or JSON document.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("catalog", "importCatalog"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        service::import_read(cx, input.0).await.map(Json)
    }
}

input! {
    /// How to answer.
    pub struct ExportCatalogInput {
        /// `application/json` for JSON; anything else is answered in YAML.
        pub accept: Option<String> = header("Accept").length(1024),
    }
}

/// The document in force.
pub struct ExportCatalog;

impl Operation<App> for ExportCatalog {
    type Input = ExportCatalogInput;
    type Output = Raw;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ExportCatalog",
        method: Method::Get,
        path: "/openbss/v1/catalog",
        about: "Answers the whole catalogue as one YAML or JSON document.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let accept = input.accept.unwrap_or_default().to_ascii_lowercase();
        let (format, content_type) = if accept.contains("application/json") && !accept.contains("yaml") {
            (Format::Json, platform::op::output::JSON)
        } else {
            (Format::Yaml, YAML)
        };
        let text = service::export(&mut cx.tx, format).await?;
        Ok(Raw(Answer::of(content_type, text)))
    }
}
