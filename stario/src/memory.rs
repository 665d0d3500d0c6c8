//! How much memory the process may use: that of the machine, or less where a control group limits it.

use std::sync::OnceLock;

/// The bytes of memory that the process may use, where the system says so. It is read once.
pub(crate) fn limit() -> Option<u64> {
    static LIMIT: OnceLock<Option<u64>> = OnceLock::new();
    *LIMIT.get_or_init(|| limit_by(|path| std::fs::read_to_string(path).ok()))
}

/// The smallest of all limits in the files of Linux: the machine's memory, and those of the process's control group and
/// of the groups around it. `read` returns the text of a file.
fn limit_by(read: impl Fn(&str) -> Option<String>) -> Option<u64> {
    let machine = read("/proc/meminfo").as_deref().and_then(total);
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let limits = groups.lines().filter_map(group).flat_map(|(folder, file, path)| {
        // A container sees its own group as the root, or does not see the path at all.
        let around = path.match_indices('/').map(|(end, _)| &path[..end]);
        let paths: Vec<String> = around.chain([path]).map(|path| format!("{folder}{path}/{file}")).collect();
        paths.into_iter().filter_map(|path| read(&path)?.trim().parse::<u64>().ok()).collect::<Vec<u64>>()
    });
    machine.into_iter().chain(limits).min()
}

/// The bytes of `MemTotal: 16384 kB`.
fn total(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Where the limit of a control group stands, which a line such as `0::/user.slice` names: the folder of all groups, the
/// file, and the path of the group between them. `None` if the group does not limit memory.
fn group(line: &str) -> Option<(&'static str, &'static str, &str)> {
    let (_, rest) = line.split_once(':')?;
    let (controllers, path) = rest.split_once(':')?;
    let path = path.trim_end_matches('/');
    if controllers.is_empty() {
        return Some(("/sys/fs/cgroup", "memory.max", path));
    }
    let limits_memory = controllers.split(',').any(|controller| controller == "memory");
    limits_memory.then_some(("/sys/fs/cgroup/memory", "memory.limit_in_bytes", path))
}

#[cfg(test)]
mod tests {
    use super::limit_by;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: Option<u64>) {
        let read = |path: &str| {
            let file = files.iter().find(|(name, _)| *name == path)?;
            Some(file.1.to_owned())
        };
        assert_eq!(limit_by(read), expected);
    }

    #[test]
    fn the_smallest_limit_counts() {
        let machine = ("/proc/meminfo", "MemFree: 1 kB\nMemTotal:       16384 kB\n");
        check(&[], None);
        check(&[("/proc/meminfo", "MemTotal: much")], None);
        check(&[machine], Some(16 << 20));
        let group = ("/proc/self/cgroup", "0::/a/b\n");
        check(&[machine, group, ("/sys/fs/cgroup/a/b/memory.max", "max\n")], Some(16 << 20));
        check(&[machine, group, ("/sys/fs/cgroup/a/b/memory.max", "4096\n")], Some(4096));
        // A group cannot have more than those around it.
        let outer = ("/sys/fs/cgroup/a/memory.max", "2048\n");
        check(&[machine, group, outer, ("/sys/fs/cgroup/a/b/memory.max", "4096\n")], Some(2048));
        // In a container the group may be at the root, whatever its path is.
        check(&[machine, group, ("/sys/fs/cgroup/memory.max", "1024\n")], Some(1024));
        check(&[machine, ("/proc/self/cgroup", "0::/\n"), ("/sys/fs/cgroup/memory.max", "512\n")], Some(512));
    }

    #[test]
    fn groups_of_the_first_version_limit_too() {
        let machine = ("/proc/meminfo", "MemTotal: 16384 kB\n");
        let groups = ("/proc/self/cgroup", "3:cpu,cpuacct:/x\n2:memory:/docker/1\n");
        let none = ("/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "9223372036854771712\n");
        check(&[machine, groups, none], Some(16 << 20));
        let some = ("/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "4096\n");
        check(&[machine, groups, some], Some(4096));
        check(&[machine, groups, ("/sys/fs/cgroup/cpu,cpuacct/x/memory.max", "1\n")], Some(16 << 20));
    }
}
