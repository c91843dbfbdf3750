package org.vm.shell.internal.command;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Version;

/** A container's bundles by name, version and location; all of them run. */
public final class FakeBundles {
    private final List<Bundle> bundles = new ArrayList<>();

    public FakeBundles add(String name, String version, String location) {
        long id = bundles.size();
        bundles.add((Bundle) Proxy.newProxyInstance(Bundle.class.getClassLoader(), new Class<?>[] {Bundle.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getBundleId" -> id;
                    case "getSymbolicName" -> name;
                    case "getVersion" -> Version.parseVersion(version);
                    case "getLocation" -> location;
                    case "getState" -> Bundle.ACTIVE;
                    default -> throw new UnsupportedOperationException(method.toString());
                }));
        return this;
    }

    public BundleContext context() {
        return (BundleContext) Proxy.newProxyInstance(BundleContext.class.getClassLoader(), new Class<?>[] {BundleContext.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getBundles" -> bundles.toArray(Bundle[]::new);
                    case "getBundle" -> bundles.stream().filter(each -> each.getLocation().equals(arguments[0])).findFirst().orElse(null);
                    default -> throw new UnsupportedOperationException(method.toString());
                });
    }
}
