package org.vm.machine.internal.replace;

import java.io.IOException;
import java.util.List;
import org.osgi.framework.Bundle;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.vm.api.replace.ReplacementException;
import org.vm.machine.internal.DeviceConfigurations;

/** Configurations that are meant for one version of a bundle ({@code pid|name|version}): they go with it to another one. */
final class TargetedConfigurations {
    private final ConfigurationAdmin admin;

    TargetedConfigurations(ConfigurationAdmin admin) {
        this.admin = admin;
    }

    /** While the bundle does not run. */
    void move(String bundle, String from, String to) {
        copy(bundle, from, to);
        delete(bundle, from, to);
    }

    /** Makes those for one version hold for another one, too. */
    void copy(String bundle, String from, String to) {
        of(bundle, from, to, each -> {
            String name = each.getPid().substring(each.getFactoryPid().length() + 1);
            String kind = each.getFactoryPid().substring(0, each.getFactoryPid().length() - from.length());
            admin.getFactoryConfiguration(kind + to, name, "?").update(each.getProperties());
        });
    }

    /** Deletes those for a version that is gone, unless the one that stays is the same. */
    void delete(String bundle, String gone, String stays) {
        of(bundle, gone, stays, Configuration::delete);
    }

    /** Whether there are any that no other bundle can see. */
    boolean boundTo(Bundle bundle) {
        return !list("(service.bundleLocation=" + DeviceConfigurations.literal(bundle.getLocation()) + ")").isEmpty();
    }

    private interface Change {
        void apply(Configuration each) throws IOException;
    }

    private void of(String bundle, String version, String other, Change change) {
        if (version.equals(other)) {
            return;
        }
        try {
            for (Configuration each : list(null)) {
                if (each.getFactoryPid() != null && each.getFactoryPid().endsWith("|" + bundle + "|" + version)) {
                    change.apply(each);
                }
            }
        } catch (IOException | IllegalStateException e) {
            throw new ReplacementException("configurations for version %s of bundle '%s' cannot be changed to version %s: %s"
                    .formatted(version, bundle, other, e.getMessage()), e);
        }
    }

    private List<Configuration> list(String filter) {
        try {
            Configuration[] found = admin.listConfigurations(filter);
            return found == null ? List.of() : List.of(found);
        } catch (IOException | InvalidSyntaxException | IllegalStateException e) {
            throw new ReplacementException("configurations cannot be looked at: " + e.getMessage(), e);
        }
    }
}
