package org.vm.shell.internal.plugins;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.apache.felix.fileinstall.ArtifactUrlTransformer;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
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
 * A newer jar over an old one in {@code plugins/}: the bundle is replaced under running guests. File Install asks here before
 * it updates a bundle, and leaves alone what nothing comes back for; installing, starting and uninstalling stay with it.
 * Ranked above its own way for bundles, this one comes first.
 */
@Component(service = ArtifactUrlTransformer.class, property = "service.ranking:Integer=100")
public final class ReplacingJars implements ArtifactUrlTransformer {
    private static final Logger LOG = LoggerFactory.getLogger(ReplacingJars.class);

    private final BundleContext context;
    private volatile BundleReplacer replacer;

    @Activate
    public ReplacingJars(BundleContext context) {
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
        if (!file.getName().endsWith(".jar")) {
            return false;
        }
        try (JarFile jar = new JarFile(file)) {
            Manifest manifest = jar.getManifest();
            return manifest != null && manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME) != null;
        } catch (IOException e) {
            LOG.debug("{} is no bundle", file, e);
            return false;
        }
    }

    /** @return where to take the jar from; {@code null} if there is nothing left to do */
    @Override
    public URL transform(URL artifact) throws IOException {
        BundleReplacer service = replacer;
        Bundle bundle = bundle(artifact);
        if (service == null || bundle == null || bundle.getState() != Bundle.ACTIVE) {
            return artifact;
        }
        try (InputStream content = artifact.openStream()) {
            service.replace(bundle.getBundleId(), content, BundleReplacer.TRIAL);
        } catch (VmException e) {
            // Whoever replaces bundles has said why.
            LOG.debug("the version before {} stays", artifact, e);
        }
        return null;
    }

    private Bundle bundle(URL artifact) throws IOException {
        try {
            return context.getBundle(new File(artifact.toURI()).toURI().normalize().toString());
        } catch (URISyntaxException | IllegalArgumentException e) {
            throw new IOException(artifact + " is no file", e);
        }
    }
}
