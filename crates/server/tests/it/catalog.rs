//! Facts about the catalogue, through the wire.

use serde_json::{Value, json};

use crate::harness::{Reply, TestApp};
use crate::on_both;

const DOCUMENT: &str = "/openbss/v1/catalog";

impl TestApp {
    async fn named(&self, path: &str, language: &str) -> Value {
        let key = self.key("acme");
        self.signed(&key, "GET", path, "", &[("x-language", language)]).await.ok(200)
    }

    async fn import(&self, document: &str, content_type: &str) -> Reply {
        self.signed(&self.key("operator"), "PUT", DOCUMENT, document, &[("content-type", content_type)]).await
    }

    async fn export(&self, accept: &str) -> Reply {
        self.signed(&self.key("operator"), "GET", DOCUMENT, "", &[("accept", accept)]).await
    }
}

fn codes<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().expect("a list").iter().map(|row| row[field].as_str().expect("text")).collect()
}

/// What each absence and bound of each parameter means: a path, and `ok`, with how many rows, or the field refused.
const PARAMETERS: &[(&str, &str, Result<usize, &str>)] = &[
    ("/v2/products/service-types", "service_types", Ok(10)),
    ("/v2/products/service-types?offset=&limit=", "service_types", Ok(10)),
    ("/v2/products/service-types?offset=null&limit=null", "service_types", Ok(10)),
    ("/v2/products/service-types?offset=13&limit=1000", "service_types", Ok(1)),
    ("/v2/products/service-types?offset=1000000000", "service_types", Ok(0)),
    ("/v2/products/service-types?offset=1000000001", "service_types", Err("offset")),
    ("/v2/products/service-types?offset=-1", "service_types", Err("offset")),
    ("/v2/products/service-types?offset=%22%22", "service_types", Err("offset")),
    ("/v2/products/service-types?offset=one", "service_types", Err("offset")),
    ("/v2/products/service-types?limit=%22%22", "service_types", Err("limit")),
    ("/v2/products/service-types?limit=0", "service_types", Err("limit")),
    ("/v2/products/service-types?limit=1001", "service_types", Err("limit")),
    ("/v2/products/service-types?limit=99999999999999999999999999", "service_types", Err("limit")),
    ("/v2/products/resource-types?offset=&limit=null", "resource_types", Ok(10)),
    ("/v2/products/resource-types?limit=1000", "resource_types", Ok(23)),
    ("/v2/products/resource-types?limit=1001", "resource_types", Err("limit")),
    ("/v2/products/resource-types?offset=1000000001", "resource_types", Err("offset")),
    ("/v2/products/resource-types?offset=%22%22", "resource_types", Err("offset")),
    ("/v2/products/service-resources?service_type_code=hws.service.type.ec2", "infos", Ok(3)),
    (
        "/v2/products/service-resources?service_type_code=hws.service.type.ec2&offset=1&limit=1",
        "infos",
        Ok(1),
    ),
    ("/v2/products/service-resources?service_type_code=hws.service.type.ec2&offset=", "infos", Ok(3)),
    ("/v2/products/service-resources?service_type_code=hws.service.type.ec2&offset=null", "infos", Ok(3)),
    (
        "/v2/products/service-resources?service_type_code=hws.service.type.ec2&offset=%22%22",
        "infos",
        Err("offset"),
    ),
    (
        "/v2/products/service-resources?service_type_code=hws.service.type.ec2&offset=10000001",
        "infos",
        Err("offset"),
    ),
    ("/v2/products/service-resources?service_type_code=hws.service.type.ec2&limit=", "infos", Err("limit")),
    (
        "/v2/products/service-resources?service_type_code=hws.service.type.ec2&limit=null",
        "infos",
        Err("limit"),
    ),
    (
        "/v2/products/service-resources?service_type_code=hws.service.type.ec2&limit=%22%22",
        "infos",
        Err("limit"),
    ),
    (
        "/v2/products/service-resources?service_type_code=hws.service.type.ec2&limit=101",
        "infos",
        Err("limit"),
    ),
    ("/v2/products/service-resources?service_type_code=nothing.of.the.kind", "infos", Ok(0)),
    ("/v2/products/service-resources?service_type_code=hws.service.type.marketplace", "infos", Ok(0)),
    ("/v2/products/service-resources", "infos", Err("service_type_code")),
    ("/v2/products/service-resources?service_type_code=", "infos", Err("service_type_code")),
    ("/v2/products/usage-types?limit=100", "usage_types", Ok(34)),
    ("/v2/products/usage-types?resource_type_code=&limit=100", "usage_types", Ok(34)),
    ("/v2/products/usage-types?resource_type_code=null", "usage_types", Ok(0)),
    ("/v2/products/usage-types?resource_type_code=%22%22", "usage_types", Ok(0)),
    ("/v2/products/usage-types?resource_type_code=hws.resource.type.volume", "usage_types", Ok(3)),
    ("/v2/products/usage-types?offset=100000001", "usage_types", Err("offset")),
    ("/v2/products/usage-types?limit=101", "usage_types", Err("limit")),
    ("/v2/products/usage-types?limit=%22%22", "usage_types", Err("limit")),
    ("/v2/bases/measurements", "measure_units", Ok(66)),
    ("/v2/bases/conversions", "conversions", Ok(59)),
    ("/v2/bases/conversions?measure_type=", "conversions", Ok(59)),
    ("/v2/bases/conversions?measure_type=null", "conversions", Ok(59)),
    ("/v2/bases/conversions?measure_type=3", "conversions", Ok(21)),
    ("/v2/bases/conversions?measure_type=2147483647", "conversions", Ok(0)),
    ("/v2/bases/conversions?measure_type=%22%22", "conversions", Err("measure_type")),
    ("/v2/bases/conversions?measure_type=0", "conversions", Err("measure_type")),
    ("/v2/bases/conversions?measure_type=2147483648", "conversions", Err("measure_type")),
];

on_both! {
    async fn each_parameter_means_what_its_section_says(app) {
        for (path, list, wanted) in PARAMETERS {
            let reply = app.get("acme", path).await;
            match wanted {
                Ok(count) => {
                    let body = reply.ok(200);
                    assert_eq!(body[list].as_array().map(Vec::len), Some(*count), "{path}");
                }
                Err(field) => {
                    let message = reply.refused(400, "CBC.0100");
                    assert!(message.starts_with(field), "{path}: {message}");
                }
            }
        }
        app.finish().await;
    }

    async fn names_are_chinese_unless_english_is_asked_for(app) {
        let path = "/v2/products/service-types?limit=3";
        let plain = app.get("acme", path).await.ok(200);
        assert_eq!(plain["service_types"][2]["service_type_name"], "弹性云服务器");
        assert_eq!(plain, app.named(path, "zh_CN").await);
        let english = app.named(path, "en_US").await;
        assert_eq!(
            english["service_types"][2],
            json!({
                "service_type_name": "Elastic Cloud Server",
                "service_type_code": "hws.service.type.ec2",
                "abbreviation": "ECS",
            })
        );
        for language in ["fr_FR", "zh_CN_and_more"] {
            let headers = [("x-language", language)];
            let reply = app.signed(&app.key("acme"), "GET", path, "", &headers).await;
            reply.refused(400, "CBC.0100");
        }
        app.finish().await;
    }

    async fn koogallery_stays_out_of_services_and_their_resources_only(app) {
        let services = app.get("summit", "/v2/products/service-types?limit=1000").await.ok(200);
        let listed = codes(&services["service_types"], "service_type_code");
        assert!(!listed.contains(&"hws.service.type.marketplace"));
        assert_eq!(services["total_count"], listed.len());
        let types = app.get("acme", "/v2/products/resource-types?limit=1000").await.ok(200);
        assert!(codes(&types["resource_types"], "resource_type_code").contains(&"hws.resource.type.marketplace.software"));
        app.finish().await;
    }

    async fn a_service_is_found_by_part_of_its_name_in_the_language_asked_for(app) {
        let path = "/v2/products/service-types?service_type_name=elastic";
        let found = app.named(path, "en_US").await;
        assert_eq!(codes(&found["service_types"], "abbreviation"), ["ECS", "EVS", "ELB"]);
        assert_eq!(app.named(path, "zh_CN").await["total_count"], 0);
        app.finish().await;
    }

    async fn a_page_says_how_many_there_are_in_all(app) {
        let page = app.get("acme", "/v2/products/resource-types?offset=20&limit=2").await.ok(200);
        assert_eq!(page["total_count"], 23);
        assert_eq!(page["resource_types"].as_array().map(Vec::len), Some(2));
        let behind = app.get("acme", "/v2/products/resource-types?offset=23").await.ok(200);
        assert_eq!((behind["total_count"].clone(), behind["resource_types"].clone()), (json!(23), json!([])));
        app.finish().await;
    }

    async fn the_lists_name_each_other(app) {
        let usage = app.named("/v2/products/usage-types?resource_type_code=hws.resource.type.vm", "en_US").await;
        assert_eq!(
            usage["usage_types"][0],
            json!({
                "code": "Duration", "name": "Duration",
                "resource_type_code": "hws.resource.type.vm", "service_type_code": "hws.service.type.ec2",
                "resource_type_name": "ECS", "service_type_name": "Elastic Cloud Server",
            })
        );
        let of_offline = "/v2/products/service-resources?service_type_code=hws.service.type.offline";
        let resources = app.named(of_offline, "en_US").await;
        assert_eq!(resources["infos"][0]["basic_info"]["resource_type_code"], "hws.resource.type.general");
        assert_eq!(resources["infos"][0]["basic_info"]["product_owner_service"], "hws.service.type.offline");
        assert_eq!(resources["infos"][0]["basic_info"]["name"], "general specifications");
        app.finish().await;
    }

    async fn units_are_those_of_the_documents_examples(app) {
        let units = app.named("/v2/bases/measurements", "en_US").await;
        let unit = |id: i64| {
            let units = units["measure_units"].as_array().expect("a list");
            units.iter().find(|unit| unit["measure_id"] == id).expect("documented").clone()
        };
        assert_eq!(unit(0), json!({"measure_id": 0, "measure_name": "Day", "abbreviation": "d", "measure_type": 2}));
        assert_eq!(unit(10), json!({"measure_id": 10, "measure_name": "GB", "abbreviation": "G", "measure_type": 3}));
        assert_eq!(unit(1)["measure_name"], "USD");
        let traffic = app.get("acme", "/v2/bases/conversions?measure_type=3").await.ok(200);
        let traffic = traffic["conversions"].as_array().expect("a list").clone();
        assert!(traffic.contains(
            &json!({"measure_id": 10, "ref_measure_id": 11, "conversion_ratio": 1024, "measure_type": 3})
        ));
        app.finish().await;
    }

    async fn only_the_operator_reads_and_writes_the_document(app) {
        for tenant in ["acme", "north"] {
            app.get(tenant, DOCUMENT).await.refused(403, "CBC.0151");
            app.call(tenant, "PUT", DOCUMENT, Some(json!({}))).await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }

    async fn what_is_exported_can_be_imported_and_changes_nothing(app) {
        let yaml = app.export("*/*").await;
        assert_eq!(yaml.headers["content-type"], "application/yaml;charset=UTF-8");
        assert!(yaml.text().starts_with("# The demo catalogue"), "comments are kept");
        let before = app.get("acme", "/v2/products/usage-types?limit=100").await.ok(200);
        let json = app.export("application/json").await;
        let imported = app.import(&json.text(), "application/json").await.ok(200);
        assert_eq!(imported["version"], 2);
        assert_eq!(imported["products"], json.json()["products"].as_array().map(Vec::len).expect("a list"));
        assert_eq!(app.get("acme", "/v2/products/usage-types?limit=100").await.ok(200), before);
        let again = app.export("application/yaml").await.text();
        assert_eq!(app.import(&again, "application/yaml").await.ok(200)["version"], 3);
        assert_eq!(app.export("application/json").await.json(), json.json());
        app.finish().await;
    }

    async fn an_import_is_in_force_at_once_and_whole(app) {
        let small = "format: openbss-catalog/1\nservices:\n  - code: own.service\n    name: {en_US: Own, zh_CN: 自有}\n    abbreviation: OWN\n";
        let imported = app.import(small, "application/yaml").await.ok(200);
        assert_eq!(imported["services"], 1);
        let services = app.get("acme", "/v2/products/service-types").await.ok(200);
        assert_eq!(codes(&services["service_types"], "service_type_code"), ["own.service"]);
        assert_eq!(app.get("acme", "/v2/bases/measurements").await.ok(200)["measure_units"], json!([]));
        app.finish().await;
    }

    async fn a_bad_document_is_refused_whole_with_its_line(app) {
        let before = app.get("acme", "/v2/products/service-types").await.ok(200);
        let yaml = app.export("application/yaml").await.text();
        let wrong = yaml.replacen("price: \"2.74\"", "price: \"-2.74\"", 1);
        let line = wrong.lines().position(|line| line.contains("-2.74")).expect("replaced") + 1;
        let message = app.import(&wrong, "application/yaml").await.refused(400, "CBC.0100");
        // The line of the price version, which holds the price.
        assert!(message.starts_with(&format!("Line {}: products[0].usage[0].versions[0].price", line - 1)), "{message}");
        for (document, content_type) in [
            ("", "application/yaml"),
            ("{", "application/json"),
            ("{\"format\": \"openbss-catalog/1\",}", "application/json"),
            ("format: openbss-catalog/1\nservices: *all\n", "application/yaml"),
            ("format: openbss-catalog/2\n", "application/yaml"),
            ("format: openbss-catalog/1\n", "text/html"),
        ] {
            app.import(document, content_type).await.refused(400, "CBC.0100");
        }
        assert_eq!(app.get("acme", "/v2/products/service-types").await.ok(200), before);
        assert_eq!(app.export("application/yaml").await.text(), yaml);
        app.finish().await;
    }
}
