package org.vm.shell.internal.plugins;

import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.util.Hashtable;
import java.util.Properties;
import org.apache.felix.fileinstall.ArtifactInstaller;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Files {@code FACTORY~NAME.cfg} in {@code plugins/}: a factory configuration, as the PID of one is written (OSGi
 * Compendium 8, "Factory Configurations"). File Install itself knows {@code FACTORY-NAME.cfg} only and would take the
 * {@code ~} for a part of an ordinary PID; ranked above its own installer, this one comes first.
 */
@Component(service = ArtifactInstaller.class, property = "service.ranking:Integer=100")
public final class FactoryConfigurationFiles implements ArtifactInstaller {
    private static final String SUFFIX = ".cfg";

    private final ConfigurationAdmin admin;

    @Activate
    public FactoryConfigurationFiles(@Reference ConfigurationAdmin admin) {
        this.admin = admin;
    }

    @Override
    public boolean canHandle(File file) {
        return file.getName().matches("[^~]+~.+\\.cfg");
    }

    @Override
    public void install(File file) throws IOException {
        Properties text = new Properties();
        try (Reader reader = Files.newBufferedReader(file.toPath())) {
            text.load(reader);
        }
        Hashtable<String, Object> properties = new Hashtable<>();
        text.stringPropertyNames().forEach(key -> properties.put(key, text.getProperty(key).strip()));
        configuration(file).updateIfDifferent(properties);
    }

    @Override
    public void update(File file) throws IOException {
        install(file);
    }

    @Override
    public void uninstall(File file) throws IOException {
        configuration(file).delete();
    }

    private Configuration configuration(File file) throws IOException {
        String name = file.getName();
        int tilde = name.indexOf('~');
        return admin.getFactoryConfiguration(name.substring(0, tilde),
                name.substring(tilde + 1, name.length() - SUFFIX.length()), "?");
    }
}
