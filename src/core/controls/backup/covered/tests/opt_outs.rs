//! Templates that opt volumes out.

use super::*;

fn claim_volume() -> PodVolume {
    PodVolume { name: "data".into(), source: VolumeSource::Claim("data".into()) }
}

fn template(labels: Labels, annotations: Labels) -> PodTemplate {
    PodTemplate { labels, annotations, volumes: vec![claim_volume()], ..PodTemplate::default() }
}

#[test]
fn a_template_that_opts_its_volumes_out_fails_at_its_own_fields() {
    let annotation = labels([(keys::VELERO_EXCLUDE_VOLUMES, "cache, data")]);
    let verdict =
        bench(&CONTROL).verdict_of(workload(Kind::Deployment, "web", template(opted_out(), annotation)));
    assert_eq!(
        fields(&verdict.issues),
        [
            "spec.template.metadata.labels[velero.io/exclude-from-backup]",
            "spec.template.metadata.annotations[backup.velero.io/backup-volumes-excludes]",
        ]
    );
    assert_eq!(verdict.issues[1].found, "data");
}

#[test]
fn a_template_that_leaves_out_what_is_no_claim_is_not_applicable() {
    let annotation = labels([(keys::VELERO_EXCLUDE_VOLUMES, "cache")]);
    let with_claim = template(Labels::default(), annotation);
    assert_eq!(bench(&CONTROL).state_of(pod("web", with_claim)), State::NotApplicable);
    let without = PodTemplate { labels: opted_out(), ..PodTemplate::default() };
    assert_eq!(bench(&CONTROL).state_of(pod("web", without)), State::NotApplicable);
}

#[test]
fn templates_of_claims_may_not_opt_out_before_the_claims_are_made() {
    let made = ClaimTemplate { name: "data".into(), labels: opted_out(), ..ClaimTemplate::default() };
    let ephemeral = PodVolume { name: "scratch".into(), source: VolumeSource::Ephemeral(made.clone()) };
    let template = PodTemplate { volumes: vec![ephemeral], ..PodTemplate::default() };
    let Fact::Workload(set) = workload(Kind::StatefulSet, "db", template) else { unreachable!() };
    let set = Workload { claim_templates: Arc::from([made]), ..set };
    let verdict = bench(&CONTROL).verdict_of(Fact::Workload(set));
    assert_eq!(
        fields(&verdict.issues),
        [
            "spec.volumeClaimTemplates[name=data].metadata.labels[velero.io/exclude-from-backup]",
            "spec.template.spec.volumes[name=scratch].ephemeral.volumeClaimTemplate.metadata.labels[\
             velero.io/exclude-from-backup]",
        ]
    );
}
