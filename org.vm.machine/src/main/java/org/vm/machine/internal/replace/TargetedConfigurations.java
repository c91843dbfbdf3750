package org.vm.machine.internal.replace;

import java.io.IOException;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.vm.api.replace.ReplacementException;

/** Configurations that are meant for one version of a bundle ({@code pid|name|version}): they go with it to another one. */
final class TargetedConfigurations {
    private final ConfigurationAdmin admin;

    TargetedConfigurations(ConfigurationAdmin admin) {
        this.admin = admin;
    }

    /** While the bundle does not run. */
    void move(String bundle, String from, String to) {
        String before = "|" + bundle + "|" + from;
        try {
            Configuration[] all = from.equals(to) ? null : admin.listConfigurations(null);
            for (Configuration each : all == null ? new Configuration[0] : all) {
                String factory = each.getFactoryPid();
                if (factory != null && factory.endsWith(before)) {
                    String name = each.getPid().substring(factory.length() + 1);
                    String next = factory.substring(0, factory.length() - from.length()) + to;
                    admin.getFactoryConfiguration(next, name, "?").update(each.getProperties());
                    each.delete();
                }
            }
        } catch (IOException | InvalidSyntaxException | IllegalStateException e) {
            throw new ReplacementException("configurations for version %s of bundle '%s' cannot be changed to version %s: %s"
                    .formatted(from, bundle, to, e.getMessage()), e);
        }
    }
}
