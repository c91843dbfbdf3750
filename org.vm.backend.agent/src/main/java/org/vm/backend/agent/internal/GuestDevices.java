package org.vm.backend.agent.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vm.api.hotplug.GuestAgentException;
import org.vm.api.hotplug.GuestAgentException.Reason;

/** PCI functions as Linux shows them in sysfs, by way of {@link GuestFiles}. */
final class GuestDevices {
    private static final String PCI = "/sys/bus/pci/";
    /** What errno ENOENT says; the agent passes it on. */
    private static final String ABSENT = "No such file or directory";
    /** Most block devices that are looked at. */
    private static final int MOST = 64;

    private final GuestFiles files;

    GuestDevices(GuestFiles files) {
        this.files = files;
    }

    /** Returns when the kernel has scanned all buses. */
    void rescan() throws InterruptedException {
        files.write(PCI + "rescan", "1");
    }

    /** Returns when the kernel has let go of the function, or knows none. */
    void remove(String address) throws InterruptedException {
        try {
            files.write(PCI + "devices/" + address + "/remove", "1");
        } catch (GuestAgentException e) {
            if (!absent(e)) {
                throw e;
            }
        }
    }

    /** File systems and swap space on the block devices behind a function. */
    List<String> users(String address) throws InterruptedException {
        // A device, and what it is used for.
        Map<String, List<String>> used = new LinkedHashMap<>();
        for (String[] mount : table("/proc/self/mounts")) {
            note(used, mount[0], AgentProtocol.printable(unescaped(mount[1])) + " is mounted from ");
        }
        for (String[] swap : table("/proc/swaps")) {
            note(used, swap[0], "the guest swaps to ");
        }
        List<String> users = new ArrayList<>();
        for (Map.Entry<String, List<String>> device : used.entrySet()) {
            if (isBehind(address, device.getKey())) {
                device.getValue().forEach(use -> users.add(use + device.getKey()));
            }
        }
        return users;
    }

    private List<String[]> table(String path) throws InterruptedException {
        return files.read(path).lines().map(line -> line.strip().split("\\s+")).filter(fields -> fields.length > 1).toList();
    }

    private static void note(Map<String, List<String>> used, String source, String use) {
        // Names of the kernel's: no path may come of them.
        if (source.matches("/dev/[A-Za-z0-9_-]+") && (used.size() < MOST || used.containsKey(source.substring(5)))) {
            used.computeIfAbsent(source.substring(5), name -> new ArrayList<>()).add(use);
        }
    }

    /** Whether a disk or partition has the function as its parent's parent. */
    private boolean isBehind(String address, String name) throws InterruptedException {
        for (String device : List.of("/device/../uevent", "/../device/../uevent")) {
            try {
                return files.read("/sys/class/block/" + name + device).lines().anyMatch(("PCI_SLOT_NAME=" + address)::equals);
            } catch (GuestAgentException e) {
                if (!absent(e)) {
                    throw e;
                }
            }
        }
        return false;
    }

    private static boolean absent(GuestAgentException failure) {
        return failure.reason() == Reason.REFUSED && failure.getMessage().endsWith(ABSENT);
    }

    /** Blanks in the table of mounts are octal. */
    private static String unescaped(String text) {
        return text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\");
    }
}
