package org.vm.machine.internal;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.osgi.framework.Version;
import org.osgi.framework.dto.BundleDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.vm.api.DeviceException;

/**
 * The kinds of devices that components make. Where several versions of a bundle make one, a kind is followed by the version
 * ({@code sensor@1.2.0}), and configurations by a targeted PID (OSGi Compendium 8, 104.3.2) lead to that bundle alone.
 */
final class DeviceKinds {
    private final List<ComponentDescriptionDTO> makers;

    DeviceKinds(List<ComponentDescriptionDTO> makers) {
        this.makers = makers;
    }

    /** As people name them. */
    List<String> names() {
        Map<String, List<BundleDTO>> bundles = new TreeMap<>();
        for (ComponentDescriptionDTO maker : makers) {
            for (String pid : maker.configurationPid) {
                bundles.merge(DeviceConfigurations.shortName(pid), List.of(maker.bundle),
                        (some, more) -> Stream.concat(some.stream(), more.stream()).toList());
            }
        }
        return bundles.entrySet().stream().flatMap(kind -> several(kind.getValue())
                ? versions(kind.getValue()).map(version -> kind.getKey() + "@" + version) : Stream.of(kind.getKey())).toList();
    }

    private static Stream<Version> versions(List<BundleDTO> bundles) {
        return bundles.stream().map(bundle -> Version.parseVersion(bundle.version)).sorted();
    }

    private static boolean several(List<BundleDTO> bundles) {
        return bundles.stream().mapToLong(bundle -> bundle.id).distinct().count() > 1;
    }

    /**
     * The factory PID of a kind.
     *
     * @throws DeviceException if nobody makes it, or several do and it is not said which
     */
    String factory(String kind) {
        int at = kind.indexOf('@');
        String plain = at < 0 ? kind : kind.substring(0, at);
        List<ComponentDescriptionDTO> found = makers.stream().filter(maker -> pid(maker, plain) != null).toList();
        if (found.isEmpty()) {
            throw new DeviceException("there is no kind of device '%s'; there are: %s".formatted(kind, String.join(", ", names())));
        }
        String pid = pid(found.getFirst(), plain);
        if (at < 0) {
            if (several(found.stream().map(maker -> maker.bundle).toList())) {
                throw new DeviceException("several bundles make devices of kind '%s'; say which: %s"
                        .formatted(kind, String.join(", ", new DeviceKinds(found).names())));
            }
            return pid;
        }
        return found.stream().filter(maker -> maker.bundle.version.equals(version(kind.substring(at + 1)))).findFirst()
                .map(maker -> pid + "|" + maker.bundle.symbolicName + "|" + maker.bundle.version)
                .orElseThrow(() -> new DeviceException("there is no '%s'; there are: %s".formatted(kind,
                        String.join(", ", found.stream().map(maker -> plain + "@" + maker.bundle.version).toList()))));
    }

    private static String version(String text) {
        try {
            return Version.parseVersion(text).toString();
        } catch (IllegalArgumentException e) {
            throw new DeviceException("'%s' is no version; one is like 1.2.0".formatted(text), e);
        }
    }

    private static String pid(ComponentDescriptionDTO maker, String kind) {
        return Stream.of(maker.configurationPid).filter(pid -> pid.equals(kind) || DeviceConfigurations.shortName(pid).equals(kind))
                .findFirst().orElse(null);
    }

    /** Whether a configuration with that PID is meant for a bundle. */
    static boolean meant(String pid, BundleDTO bundle) {
        String[] target = pid.split("\\|");
        return (target.length < 2 || target[1].equals(bundle.symbolicName)) && (target.length < 3 || target[2].equals(bundle.version));
    }
}
