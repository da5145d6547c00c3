using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Traceability.Identity.Storage;

/// <summary>Clients, users and what was issued to them: a schema of its own in the broker's database.</summary>
internal sealed partial class IdentityDatabase(DbContextOptions<IdentityDatabase> options)
    : IdentityUserContext<User, Guid>(options)
{
    public const string Schema = "identity";

    public DbSet<Client> Clients => Set<Client>();

    /// <summary>Names as everywhere in the database; IdentityTables makes what is described here.</summary>
    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.HasDefaultSchema(Schema);
        builder.UseOpenIddict<Client, Authorization, Scope, Token, Guid>();
        builder.Entity<User>(user =>
        {
            user.ToTable("users");
            // What nobody fills in: nothing is sent to anybody, and lock-outs are counted elsewhere (FailedSignIns).
            user.Ignore(one => one.Email).Ignore(one => one.NormalizedEmail).Ignore(one => one.EmailConfirmed)
                .Ignore(one => one.PhoneNumber).Ignore(one => one.PhoneNumberConfirmed)
                .Ignore(one => one.TwoFactorEnabled).Ignore(one => one.LockoutEnd).Ignore(one => one.LockoutEnabled)
                .Ignore(one => one.AccessFailedCount);
        });
        builder.Entity<IdentityUserClaim<Guid>>().ToTable("user_claims");
        builder.Entity<IdentityUserLogin<Guid>>().ToTable("user_logins");
        builder.Entity<IdentityUserToken<Guid>>().ToTable("user_tokens");
        builder.Entity<IdentityUserPasskey<Guid>>().ToTable("passkeys")
            .OwnsOne(passkey => passkey.Data).ToJson("data");
        builder.Entity<Client>().ToTable("clients");
        builder.Entity<Authorization>().ToTable("authorizations");
        builder.Entity<Token>().ToTable("tokens");
        builder.Entity<Scope>().ToTable("scopes");
        var columns = builder.Model.GetEntityTypes()
            .Where(entity => !entity.IsMappedToJson())
            .SelectMany(entity => entity.GetProperties());
        foreach (var column in columns)
        {
            column.SetColumnName(WordStart().Replace(column.Name, "_$0").ToLowerInvariant());
        }
    }

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();
}
