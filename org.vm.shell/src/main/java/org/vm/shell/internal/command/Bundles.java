package org.vm.shell.internal.command;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.vm.api.ConfigurationException;

/** The bundles of the container, as people name them. */
@Component(service = Bundles.class)
public final class Bundles {
    private final BundleContext context;

    @Activate
    public Bundles(BundleContext context) {
        this.context = context;
    }

    public List<String> names() {
        return Arrays.stream(context.getBundles()).map(Bundle::getSymbolicName).filter(Objects::nonNull).distinct().sorted().toList();
    }

    /** The bundle of that id or symbolic name, which is to be replaced. Those that stand in for others are not meant by a name. */
    Bundle replaceable(String name, Collection<Long> standIns) {
        Bundle bundle = bundle(name, standIns);
        Bundle shell = context.getBundle();
        if (context.getBundle(0).adapt(FrameworkWiring.class).getDependencyClosure(List.of(bundle)).contains(shell)) {
            throw new ConfigurationException("this shell runs on bundle '%s' and cannot replace it; stop the monitor to change it"
                    .formatted(bundle.getSymbolicName()));
        }
        return bundle;
    }

    private Bundle bundle(String name, Collection<Long> standIns) {
        List<Bundle> found = Arrays.stream(context.getBundles())
                .filter(bundle -> name.equals(bundle.getSymbolicName()) && !standIns.contains(bundle.getBundleId()) || name.equals(Long.toString(bundle.getBundleId()))).toList();
        if (found.isEmpty()) {
            throw new ConfigurationException("there is no bundle '" + name + "'; lb lists those that there are");
        }
        if (found.size() > 1) {
            throw new ConfigurationException("which bundle '" + name + "'? give one of the numbers "
                    + String.join(", ", found.stream().map(bundle -> bundle.getBundleId() + " (version " + bundle.getVersion() + ")").toList()));
        }
        return found.getFirst();
    }

    /** What a bundle was installed from, as it is there now. */
    InputStream content(Bundle bundle) throws IOException {
        String location = bundle.getLocation().replaceFirst("^reference:", "");
        try {
            Path file = new File(new URI(location)).toPath();
            if (Files.isRegularFile(file)) {
                return Files.newInputStream(file);
            }
        } catch (URISyntaxException | IllegalArgumentException e) {
            throw new ConfigurationException("bundle '%s' does not come from a file (%s); name one: update %s FILE"
                    .formatted(bundle.getSymbolicName(), location, bundle.getSymbolicName()), e);
        }
        throw new ConfigurationException("the file that bundle '%s' came from is not there any more (%s); name one: update %s FILE"
                .formatted(bundle.getSymbolicName(), location, bundle.getSymbolicName()));
    }
}
