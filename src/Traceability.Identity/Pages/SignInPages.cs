using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Traceability.Identity.Pages;

/// <summary>The pages for people, and what keeps them from being misused.</summary>
internal static class SignInPages
{
    private const string SignedIn = "signed-in";

    public static void Add(IServiceCollection services)
    {
        services.AddAuthorizationBuilder().AddPolicy(
            SignedIn,
            policy => policy.AddAuthenticationSchemes(IdentityConstants.ApplicationScheme).RequireAuthenticatedUser());
        services.AddRazorPages(pages => pages.Conventions.AuthorizePage("/Passkeys", SignedIn))
            .AddMvcOptions(options => options.Filters.Add<PageHeaders>());
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "__Host-traceability-form";
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.Always;
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            // PageHeaders refuses frames from everybody, not only from elsewhere.
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
    }

    public static void Map(WebApplication app)
    {
        app.MapRazorPages();
        MapFile(app, "identity.css", "text/css; charset=utf-8");
        MapFile(app, "passkeys.js", "text/javascript; charset=utf-8");
    }

    private static void MapFile(WebApplication app, string name, string type)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        var content = copy.ToArray();
        app.MapGet($"/identity/{name}", (HttpContext http) =>
        {
            http.Response.Headers.CacheControl = "public, max-age=3600";
            http.Response.Headers.XContentTypeOptions = "nosniff";
            return Results.Bytes(content, type);
        });
    }
}

/// <summary>
/// What a browser is told about each page: nothing from elsewhere, no script but our file, in no frame, in no cache.
/// </summary>
internal sealed class PageHeaders : IResultFilter
{
    private static readonly object FormTarget = new();

    /// <summary>Browsers hold redirects after a form against this list, too: the client must be in it.</summary>
    public static void AllowFormTarget(HttpContext http, Uri target) =>
        http.Items[FormTarget] = target.GetLeftPart(UriPartial.Authority);

    public void OnResultExecuting(ResultExecutingContext context)
    {
        var headers = context.HttpContext.Response.Headers;
        var target = context.HttpContext.Items.TryGetValue(FormTarget, out var origin) ? $" {origin}" : "";
        headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
            + $"form-action 'self'{target}; frame-ancestors 'none'; base-uri 'none'";
        headers.XFrameOptions = "DENY";
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "publickey-credentials-get=(self), publickey-credentials-create=(self), "
            + "camera=(), microphone=(), geolocation=()";
    }

    public void OnResultExecuted(ResultExecutedContext context)
    {
        // All is said before.
    }
}
