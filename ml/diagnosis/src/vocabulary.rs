//! Words of questions that carry no meaning of their own, and kinds of objects.

/// Words that say nothing of what is asked.
const STOP: &str = "a an the is are was were be been in on at of for to from and or with by as it its this \
    that these those there any all some what which who why how when where do does did has have \
    had can could would should will please me my our your you we i show tell give get fetch \
    list print post display find check see look figure out explain describe detect under about \
    into currently now today actually many much last since contain contains containing inside \
    within if so not going happening reported up";

/// Names of kinds of objects, as questions use them.
const KINDS: &str = "pod pods deployment deployments deploy job jobs cronjob node nodes service services svc \
    workload statefulset daemonset replicaset container containers namespace ns pvc \
    persistentvolumeclaim pv ingress configmap secret app application cluster host server \
    database queue";

/// Whether a word in lower case says nothing of what is asked.
pub(crate) fn is_stop(word: &str) -> bool {
    STOP.split(' ').any(|stop| stop == word)
}

/// Whether a word in lower case names a kind of object.
pub(crate) fn is_kind(word: &str) -> bool {
    KINDS.split(' ').any(|kind| kind == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_a_whole() {
        assert!(is_stop("the") && is_kind("pods") && is_stop("about"));
        assert!(!is_stop("redis") && !is_kind("po") && !is_stop(""));
    }
}
