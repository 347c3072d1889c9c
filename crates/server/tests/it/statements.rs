//! Every statement of the product is good SQL on both engines, over the migrated schema.

use platform::op::Host;
use server::app::FEATURES;
use server::sandbox;

/// All statements, with where they come from.
fn statements() -> Vec<(String, String)> {
    let platform = [
        ("platform::op", platform::op::store::STATEMENTS),
        ("platform::job", platform::job::store::STATEMENTS),
    ];
    let own = platform.iter().flat_map(|(place, list)| {
        list.iter().map(move |(name, text)| (format!("{place}::{name}"), (*text).to_owned()))
    });
    let features = FEATURES.iter().copied().chain([&sandbox::FEATURE]);
    let theirs = features
        .flat_map(|feature| (feature.statements)().into_iter().map(|text| (feature.name.to_owned(), text)));
    own.chain(theirs).collect()
}

crate::on_both! {
    async fn every_statement_can_be_prepared(app) {
        let statements = statements();
        assert!(statements.len() > 60, "only {} statements are registered", statements.len());
        let mut broken = Vec::new();
        for (place, text) in &statements {
            if let Err(error) = app.app.db().prepare_check(text).await {
                broken.push(format!("{place}: {error}\n    {text}"));
            }
        }
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        app.finish().await;
    }
}

#[test]
fn every_feature_with_a_store_registers_its_statements() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for feature in FEATURES.iter().copied().chain([&sandbox::FEATURE]) {
        let store = root.join(feature.name).join("store.rs");
        let declared = std::fs::read_to_string(&store).unwrap_or_default().matches(" const ").count();
        let registered = (feature.statements)().len();
        assert!(declared == 0 || registered > 0, "{} has a store but registers no statement", feature.name);
    }
}
