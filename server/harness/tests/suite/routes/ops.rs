//! Health, metrics, the OpenAPI document, the page.

use tocsin_harness::TestServer;

#[test]
fn a_server_without_configuration_is_alive_ready_and_measured() -> anyhow::Result<()> {
    let mut server = TestServer::start()?;
    for route in [
        "/health/live",
        "/health/ready",
        "/healthz",
        "/livez",
        "/readyz",
    ] {
        assert_eq!(server.get_text(route)?.0, 200, "{route}");
    }
    server.push("ops", &["one line"])?;
    server.wait_for_lines("one line", 1)?;
    let metrics = server.get_text("/metrics")?.1;
    assert!(
        metrics.contains("tocsin_records_accepted_total 1"),
        "{metrics}"
    );
    let (status, document) = server.get("/api/v1/openapi.json")?;
    assert_eq!(status, 200);
    assert_eq!(document["openapi"].as_str().map(|v| &v[..3]), Some("3.1"));
    assert!(document["paths"]["/api/v1/logs/search"]["get"].is_object());
    let (status, page) = server.get_text("/")?;
    assert!(status == 200 && page.contains("<html"), "{status} {page}");
    let stats = server.get("/api/v1/stats")?.1;
    assert_eq!(stats["records"], 1, "{stats:#}");
    assert!(
        server.stop()?.success(),
        "a stop that drains ends well: {}",
        server.log()
    );
    Ok(())
}

#[test]
fn what_was_stored_is_there_after_a_clean_restart() -> anyhow::Result<()> {
    let mut server = TestServer::start()?;
    server.push("restart", &["kept line 1", "kept line 2"])?;
    server.stop()?;
    server.resume()?;
    server.wait_for_lines("kept line", 2)?;
    Ok(())
}
