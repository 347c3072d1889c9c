//! Units in which usage, sizes, terms and amounts are counted, and how they convert (004 4.1.5, 4.1.6).

use platform::input;
use platform::op::{
    ApiError, Audit, CUSTOMER_OR_PARTNER, Json, Language, Limit, Method, Mode, Operation, Right, Sites, Spec,
    door,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;

input! {
    /// 004 table 4-14.
    pub struct ListMeasureUnitsInput {
        /// Language of names.
        pub language: Language = header("X-Language").length(8).default("zh_CN"),
    }

    /// 004 table 4-16.
    pub struct ListConversionsInput {
        /// Reserved: nothing in the answer has a language.
        pub language: Language = header("X-Language").length(8).default("zh_CN"),
        /// Measure type; without it, conversions of every type.
        pub measure_type: Option<i64> = query("measure_type").range(1, 2_147_483_647),
    }
}

/// A measurement unit (004 table 4-15).
#[derive(Debug, Serialize, JsonSchema)]
pub struct MeasureUnitRest {
    /// Id.
    pub measure_id: i64,
    /// Name.
    pub measure_name: String,
    /// Abbreviation of the name.
    pub abbreviation: String,
    /// Measure type.
    pub measure_type: i64,
}

/// Answer of [`ListMeasureUnits`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct MeasureUnits {
    /// Every unit.
    pub measure_units: Vec<MeasureUnitRest>,
}

/// 004 4.1.5: measurement units.
pub struct ListMeasureUnits;

impl Operation<App> for ListMeasureUnits {
    type Input = ListMeasureUnitsInput;
    type Output = Json<MeasureUnits>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListMeasureUnits",
        method: Method::Get,
        path: "/v2/bases/measurements",
        about: "Lists the measurement units.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "004 4.1.5",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let catalog = cx.app.catalog.current();
        let units = catalog.measures.iter().map(|measure| MeasureUnitRest {
            measure_id: measure.id,
            measure_name: measure.name.get(input.language).to_owned(),
            abbreviation: measure.abbreviation.clone(),
            measure_type: measure.kind,
        });
        Ok(Json(MeasureUnits { measure_units: units.collect() }))
    }
}

/// How one unit becomes another (004 table 4-17).
#[derive(Debug, Serialize, JsonSchema)]
pub struct Conversion {
    /// The larger unit.
    pub measure_id: i64,
    /// The smaller unit.
    pub ref_measure_id: i64,
    /// How many of the smaller make one of the larger.
    pub conversion_ratio: i64,
    /// Measure type of both.
    pub measure_type: i64,
}

/// Answer of [`ListConversions`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct Conversions {
    /// The conversions.
    pub conversions: Vec<Conversion>,
}

/// 004 4.1.6: how measurement units convert.
pub struct ListConversions;

impl Operation<App> for ListConversions {
    type Input = ListConversionsInput;
    type Output = Json<Conversions>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListConversions",
        method: Method::Get,
        path: "/v2/bases/conversions",
        about: "Lists how measurement units convert.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "004 4.1.6",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let catalog = cx.app.catalog.current();
        let rows =
            catalog.conversions.iter().filter(|row| input.measure_type.is_none_or(|kind| row.kind == kind));
        let conversions = rows.map(|row| Conversion {
            measure_id: row.from,
            ref_measure_id: row.to,
            conversion_ratio: row.ratio,
            measure_type: row.kind,
        });
        Ok(Json(Conversions { conversions: conversions.collect() }))
    }
}
