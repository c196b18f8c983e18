#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;

use super::*;

const ALL: [Tool; 16] = [
    Tool::Etcd,
    Tool::KubeApiserver,
    Tool::KubeControllerManager,
    Tool::KubeScheduler,
    Tool::Kubectl,
    Tool::Kwok,
    Tool::Helm,
    Tool::Kubelet,
    Tool::KubeProxy,
    Tool::CniBridge,
    Tool::CniHostLocal,
    Tool::CniLoopback,
    Tool::Promtool,
    Tool::Prometheus,
    Tool::Alertmanager,
    Tool::Lua,
];

fn assets(names: &[&str]) -> (tempfile::TempDir, Places) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let cache = folder.path().join("cache").into_os_string();
    let places = Places { assets: Some(folder.path().into()), cache_home: Some(cache), home: None };
    (folder, places)
}

#[test]
fn assets_are_used_when_set() {
    let (folder, places) = assets(&["etcd", "kube-apiserver", "kubectl"]);
    let found = provide_from(&places, [Tool::KubeApiserver, Tool::Kubectl]).unwrap();
    assert_eq!(found, [folder.path().join("kube-apiserver"), folder.path().join("kubectl")]);
}

#[test]
fn an_assets_folder_without_an_api_server_is_an_error_that_names_both() {
    let (folder, places) = assets(&["etcd"]);
    let error = places.asset(Tool::KubeApiserver).unwrap_err().to_string();
    assert!(error.contains(&folder.path().display().to_string()), "{error}");
    assert!(error.contains("holds no kube-apiserver"), "{error}");
}

#[test]
fn assets_need_not_hold_the_controllers_or_clients() {
    let (_folder, places) = assets(&["etcd", "kube-apiserver", "helm"]);
    for tool in ALL.into_iter().filter(|tool| !tool.is_required_asset()) {
        assert_eq!(places.asset(tool).unwrap(), None, "{tool}");
    }
}

#[test]
fn what_is_in_the_cache_is_not_built() {
    let cache = tempfile::tempdir().unwrap();
    let places = Places { cache_home: Some(cache.path().into()), ..Places::default() };
    let program = Cache::new(places.cache(Tool::Etcd).unwrap(), Tool::Etcd).program();
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, "").unwrap();
    assert_eq!(provide_from(&places, [Tool::Etcd]).unwrap(), [program]);
}

#[test]
fn the_cache_is_the_users() {
    let home = || Some(OsString::from("/home/user"));
    let cases = [
        (None, home(), Some("/home/user/.cache/surety/e2e")),
        (Some(OsString::from("/cache")), home(), Some("/cache/surety/e2e")),
        (None, None, None),
    ];
    for (cache_home, home, wanted) in cases {
        let places = Places { assets: None, cache_home, home };
        assert_eq!(places.cache(Tool::Etcd).ok(), wanted.map(PathBuf::from), "{places:?}");
    }
}

#[test]
fn every_tool_is_pinned_by_its_module() {
    for tool in ALL {
        assert!(tool.module().go_mod.contains(tool.package()), "{tool}");
    }
}

#[test]
fn modules_have_keys_of_their_own() {
    let keys = [Tool::Etcd, Tool::Kwok, Tool::Helm, Tool::Kubelet, Tool::Promtool, Tool::Alertmanager]
        .map(|tool| tool.module().key());
    assert_eq!(keys[0], Tool::Kubectl.module().key());
    assert!(keys[0].starts_with("control-plane-"), "{}", keys[0]);
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "{keys:?}");
}
