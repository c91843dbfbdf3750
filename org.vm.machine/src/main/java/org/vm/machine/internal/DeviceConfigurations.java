package org.vm.machine.internal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.ConfigurationException;

/** Writes, finds and deletes the factory configurations that machines and devices are. */
public final class DeviceConfigurations {
    /** Where the PIDs of this project's own devices start; people need not type it. */
    private static final String PREFIX = "org.vm.device.";
    private static final String FACTORY = ConfigurationAdmin.SERVICE_FACTORYPID;

    private static final Logger LOG = LoggerFactory.getLogger(DeviceConfigurations.class);

    private final ConfigurationAdmin admin;

    DeviceConfigurations(ConfigurationAdmin admin) {
        this.admin = admin;
    }

    /** A PID without the bundle and version that it may be meant for ({@code pid|name|version}). */
    static String plain(String pid) {
        int target = pid.indexOf('|');
        return target < 0 ? pid : pid.substring(0, target);
    }

    static String shortName(String pid) {
        return pid.startsWith(PREFIX) ? pid.substring(PREFIX.length()) : pid;
    }

    /** Writes {@code pid~name} with the properties. */
    void write(String pid, String name, Map<String, Object> properties) {
        try {
            Configuration configuration = admin.getFactoryConfiguration(pid, name, "?");
            if (listed(pid, name).isEmpty()) {
                // It may not look new: Configuration Admin keeps one that was deleted while somebody listed it.
                configuration.update(new Hashtable<>(properties));
            } else {
                configuration.updateIfDifferent(new Hashtable<>(properties));
            }
        } catch (IOException e) {
            throw new ConfigurationException("configuration %s~%s cannot be written: %s".formatted(pid, name, e.getMessage()), e);
        }
    }

    /** Changes some properties of a configuration; an empty text takes one away. */
    void change(Configuration configuration, Map<String, Object> changes) {
        try {
            Dictionary<String, Object> properties = configuration.getProperties();
            changes.forEach((key, value) -> {
                if ("".equals(value)) {
                    properties.remove(key);
                } else {
                    properties.put(key, value);
                }
            });
            configuration.updateIfDifferent(properties);
        } catch (IOException | IllegalStateException e) {
            throw new ConfigurationException("configuration %s cannot be changed: %s"
                    .formatted(configuration.getPid(), e.getMessage()), e);
        }
    }

    /** Deletes {@code pid~name}, if it is there. */
    void delete(String pid, String name) {
        listed(pid, name).forEach(this::delete);
    }

    private List<Configuration> listed(String pid, String name) {
        return list("(service.pid=" + literal(pid + "~" + name) + ")");
    }

    /** A value as it stands in a filter. */
    public static String literal(String value) {
        return value.replaceAll("[\\\\*()]", "\\\\$0");
    }

    /** Deletes a configuration, unless somebody else has done so. */
    void delete(Configuration configuration) {
        try {
            configuration.delete();
        } catch (IllegalStateException e) {
            LOG.debug("a configuration was deleted by two at once", e);
        } catch (IOException e) {
            throw new ConfigurationException("configuration %s cannot be deleted: %s"
                    .formatted(configuration.getPid(), e.getMessage()), e);
        }
    }

    /** The configuration of a machine. */
    List<Configuration> machine(String name) {
        List<Configuration> found = new ArrayList<>();
        for (Configuration configuration : all()) {
            if (name.equals(text(configuration, "name")) && MachineComponent.PID.equals(text(configuration, FACTORY))) {
                found.add(configuration);
            }
        }
        return found;
    }

    /** The configurations of a machine's parts and devices. */
    List<Configuration> devices(String machine) {
        List<Configuration> found = new ArrayList<>();
        for (Configuration configuration : all()) {
            if (machine.equals(text(configuration, "vm")) && text(configuration, FACTORY) != null) {
                found.add(configuration);
            }
        }
        return found;
    }

    /** The name of what a configuration makes: its property, or what its PID ends with; empty if it is no longer there. */
    static String name(Configuration configuration) {
        String name = text(configuration, "name");
        if (name != null && !name.isEmpty()) {
            return name;
        }
        String pid = text(configuration, Constants.SERVICE_PID);
        return pid == null ? "" : pid.substring(pid.indexOf('~') + 1);
    }

    /** A property as text; {@code null} if it is not there, or the configuration is no longer. */
    static String text(Configuration configuration, String key) {
        Dictionary<String, Object> properties = properties(configuration);
        Object value = properties == null ? null : properties.get(key);
        return value == null ? null : value.toString();
    }

    private static Dictionary<String, Object> properties(Configuration configuration) {
        try {
            return configuration.getProperties();
        } catch (IllegalStateException e) {
            LOG.debug("a configuration was deleted while it was looked at", e);
            return null;
        }
    }

    List<Configuration> all() {
        return list(null);
    }

    private List<Configuration> list(String filter) {
        try {
            Configuration[] found = admin.listConfigurations(filter);
            return found == null ? List.of() : List.of(found);
        } catch (IOException | InvalidSyntaxException e) {
            throw new ConfigurationException("configurations cannot be listed: " + e.getMessage(), e);
        }
    }
}
