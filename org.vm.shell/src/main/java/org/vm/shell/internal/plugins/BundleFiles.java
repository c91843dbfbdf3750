package org.vm.shell.internal.plugins;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.apache.felix.fileinstall.ArtifactInstaller;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.startlevel.FrameworkStartLevel;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import org.vm.api.replace.BundleReplacer;

/**
 * Jars of bundles in {@code plugins/}. As File Install does by itself, a bundle is installed from its file's address, started,
 * and uninstalled with the file; but a newer jar over an old one replaces the bundle under running guests. Ranked above File
 * Install's own way, which would stop and start it.
 */
@Component(service = ArtifactInstaller.class, property = "service.ranking:Integer=100")
public final class BundleFiles implements ArtifactInstaller {
    private static final String START_LEVEL = "felix.fileinstall.start.level";
    private static final Logger LOG = LoggerFactory.getLogger(BundleFiles.class);

    private final BundleContext context;
    /** Bundles that could not be started yet, because they lack something that another one may bring. */
    private final Set<Bundle> idle = ConcurrentHashMap.newKeySet();
    private volatile BundleReplacer replacer;

    @Activate
    public BundleFiles(BundleContext context) {
        this.context = context;
    }

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    void bindReplacer(BundleReplacer service) {
        replacer = service;
    }

    void unbindReplacer(BundleReplacer service) {
        if (replacer == service) {
            replacer = null;
        }
    }

    @Override
    public boolean canHandle(File file) {
        try {
            return file.getName().endsWith(".jar") && symbolicName(file) != null;
        } catch (IOException e) {
            LOG.debug("{} is no bundle", file, e);
            return false;
        }
    }

    /** {@code null} if it is a jar, but no bundle. */
    private static String symbolicName(File file) throws IOException {
        try (JarFile jar = new JarFile(file)) {
            Manifest manifest = jar.getManifest();
            String name = manifest == null ? null : manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME);
            return name == null ? null : name.replaceAll(";.*", "").strip();
        }
    }

    private static String location(File file) {
        return file.toURI().normalize().toString();
    }

    @Override
    public void install(File file) throws Exception {
        if (context.getBundle(location(file)) != null) {
            update(file);
            return;
        }
        FrameworkStartLevel levels = context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).adapt(FrameworkStartLevel.class);
        int others = levels.getInitialBundleStartLevel();
        String level = context.getProperty(START_LEVEL);
        try (InputStream in = Files.newInputStream(file.toPath())) {
            // A level that is set afterwards makes the framework start the bundle some time, whatever it lacks.
            levels.setInitialBundleStartLevel(level == null ? others : Integer.parseInt(level.strip()));
            idle.add(context.installBundle(location(file), in));
        } finally {
            levels.setInitialBundleStartLevel(others);
        }
        startIdle();
    }

    @Override
    public void update(File file) throws Exception {
        Bundle bundle = context.getBundle(location(file));
        if (bundle == null) {
            install(file);
            return;
        }
        BundleReplacer service = replacer;
        try (InputStream in = Files.newInputStream(file.toPath())) {
            if (service == null || !works(service, bundle) || !bundle.getSymbolicName().equals(symbolicName(file))) {
                bundle.update(in);
                idle.add(bundle);
            } else {
                service.replace(bundle.getBundleId(), in, BundleReplacer.TRIAL);
            }
        } catch (VmException e) {
            // Whoever replaces bundles has said why.
            LOG.debug("the version before {} stays", file, e);
        }
        startIdle();
    }

    /** It does so by another one as long as that is on trial. */
    private static boolean works(BundleReplacer service, Bundle bundle) {
        return bundle.getState() == Bundle.ACTIVE || service.standIns().containsKey(bundle.getBundleId());
    }

    @Override
    public void uninstall(File file) throws Exception {
        Bundle bundle = context.getBundle(location(file));
        if (bundle != null) {
            idle.remove(bundle);
            bundle.uninstall();
            context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).adapt(FrameworkWiring.class).refreshBundles(null);
        }
    }

    /** What has come may be what another one waits for. */
    private void startIdle() {
        for (Bundle bundle : idle) {
            try {
                if (bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
                    bundle.start(Bundle.START_ACTIVATION_POLICY);
                }
                idle.remove(bundle);
            } catch (BundleException e) {
                LOG.warn("bundle '{}' does not start yet: {}", bundle.getSymbolicName(), e.getMessage());
            } catch (IllegalStateException e) {
                LOG.debug("bundle {} is gone", bundle, e);
                idle.remove(bundle);
            }
        }
    }
}
