package org.vm.shell.internal.plugins;

import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Collections;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.felix.fileinstall.ArtifactInstaller;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ConfigurationEvent;
import org.osgi.service.cm.ConfigurationListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import org.vm.api.hotplug.Removal;
import org.vm.api.machine.MachineManager;

/**
 * Files {@code FACTORY~NAME.cfg} in {@code plugins/}: a factory configuration, as the PID of one is written (OSGi
 * Compendium 8, "Factory Configurations"). File Install itself knows {@code FACTORY-NAME.cfg} only and would take the
 * {@code ~} for a part of an ordinary PID; ranked above its own installer, this one comes first.
 *
 * <p>When the file of a device is deleted, the guest is asked to let the device go, and the configuration goes after it.
 */
@Component(service = {ArtifactInstaller.class, ConfigurationListener.class}, property = "service.ranking:Integer=100")
public final class FactoryConfigurationFiles implements ArtifactInstaller, ConfigurationListener {
    private static final String SUFFIX = ".cfg";
    /** For the guest to let a device go; with a driver for slots it blinks for five seconds first. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Logger LOG = LoggerFactory.getLogger(FactoryConfigurationFiles.class);

    private final ConfigurationAdmin admin;
    /** By PID, configurations whose devices are leaving. */
    private final Map<String, CompletableFuture<Void>> leaving = new ConcurrentHashMap<>();
    /** By PID, files that are read. */
    private final Map<String, StorageLines> read = new ConcurrentHashMap<>();
    private volatile MachineManager machines;

    @Activate
    public FactoryConfigurationFiles(@Reference ConfigurationAdmin admin) {
        this.admin = admin;
    }

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    void bindMachines(MachineManager manager) {
        machines = manager;
    }

    void unbindMachines(MachineManager manager) {
        if (machines == manager) {
            machines = null;
        }
    }

    @Override
    public boolean canHandle(File file) {
        return file.getName().matches("[^~]+~.+\\.cfg");
    }

    @Override
    public void install(File file) throws IOException {
        long modified = file.lastModified();
        Hashtable<String, Object> properties = read(file);
        read.put(pid(file), new StorageLines(file, modified, properties));
        CompletableFuture<Void> before = leaving.get(pid(file));
        if (before == null) {
            write(file, properties);
            return;
        }
        // The file is back while its device is on the way out: that ends first.
        before.thenRun(() -> {
            try {
                write(file, properties);
            } catch (IOException e) {
                LOG.error("configuration {} cannot be written", pid(file), e);
            }
        });
    }

    private void write(File file, Hashtable<String, Object> properties) throws IOException {
        Configuration configuration = configuration(file);
        if (listed("(service.pid=" + escaped(pid(file)) + ")").length == 0) {
            // It may not look new: Configuration Admin keeps one that was deleted while somebody listed it.
            configuration.update(properties);
        } else {
            configuration.updateIfDifferent(properties);
        }
    }

    private Configuration[] listed(String filter) throws IOException {
        try {
            Configuration[] found = admin.listConfigurations(filter);
            return found == null ? new Configuration[0] : found;
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(filter, e);
        }
    }

    private static String escaped(String value) {
        return value.replaceAll("[\\\\*()]", "\\\\$0");
    }

    private static Hashtable<String, Object> read(File file) throws IOException {
        Properties text = new Properties();
        try (Reader reader = Files.newBufferedReader(file.toPath())) {
            text.load(reader);
        }
        Hashtable<String, Object> properties = new Hashtable<>();
        text.stringPropertyNames().forEach(key -> properties.put(key, text.getProperty(key).strip()));
        return properties;
    }

    @Override
    public void update(File file) throws IOException {
        install(file);
    }

    /** A disk that has moved to other storage is found there when the file is read the next time. */
    @Override
    public void configurationEvent(ConfigurationEvent event) {
        StorageLines lines = read.get(event.getPid());
        if (event.getType() != ConfigurationEvent.CM_UPDATED || lines == null || !lines.settings().containsKey("vm")) {
            return;
        }
        try {
            Dictionary<String, Object> properties = configuration(lines.file()).getProperties();
            if (properties == null) {
                return;
            }
            Map<String, String> now = new HashMap<>();
            for (String key : Collections.list(properties.keys())) {
                now.put(key, String.valueOf(properties.get(key)));
            }
            lines.follow(now);
        } catch (IOException e) {
            LOG.warn("{} cannot be changed, and names storage that the disk no longer has", lines.file(), e);
        }
    }

    @Override
    public void uninstall(File file) throws IOException {
        read.remove(pid(file));
        Configuration configuration = configuration(file);
        MachineManager manager = machines;
        Dictionary<String, Object> properties = manager == null ? null : configuration.getProperties();
        if (properties == null || properties.get("vm") == null || !unique(configuration)) {
            configuration.delete();
            return;
        }
        String pid = pid(file);
        CompletableFuture<Void> done = new CompletableFuture<>();
        leaving.put(pid, done);
        CompletableFuture<Void> left;
        try {
            left = manager.removeDevice(properties.get("vm").toString(), device(configuration), PATIENCE, Removal.INSIST)
                    .toCompletableFuture();
        } catch (VmException e) {
            left = CompletableFuture.failedFuture(e);
        }
        left.whenComplete((nothing, failure) -> {
            if (failure != null) {
                LOG.warn("the device of {} is taken away: {}", pid, failure.getMessage());
                delete(configuration);
            }
            leaving.remove(pid);
            done.complete(null);
        });
    }

    private static void delete(Configuration configuration) {
        try {
            configuration.delete();
        } catch (IllegalStateException e) {
            LOG.debug("a configuration was deleted by two at once", e);
        } catch (IOException e) {
            LOG.error("configuration {} cannot be deleted", configuration.getPid(), e);
        }
    }

    /** Whether no other configuration of the machine makes a device of that name. */
    private boolean unique(Configuration configuration) throws IOException {
        int same = 0;
        for (Configuration each : listed("(&(vm=" + escaped(configuration.getProperties().get("vm").toString()) + ")(service.factoryPid=*))")) {
            same += device(each).equals(device(configuration)) ? 1 : 0;
        }
        return same == 1;
    }

    /** The name of the device that a configuration makes: as it says, or the end of its PID. */
    private static String device(Configuration configuration) {
        Object name = configuration.getProperties().get("name");
        String pid = configuration.getPid();
        return name == null || name.toString().isEmpty() ? pid.substring(pid.indexOf('~') + 1) : name.toString();
    }

    private static String pid(File file) {
        String name = file.getName();
        return name.substring(0, name.length() - SUFFIX.length());
    }

    private Configuration configuration(File file) throws IOException {
        String pid = pid(file);
        int tilde = pid.indexOf('~');
        return admin.getFactoryConfiguration(pid.substring(0, tilde), pid.substring(tilde + 1), "?");
    }
}
