"""Account types: their classification and subtypes, the first being the default (qbo.md 18).

Each line is ``classification | type | subtypes``; a subtype belongs to one type only.
"""

from __future__ import annotations

from functools import cache

_TABLE = """
Asset | Bank |
    CashOnHand Checking MoneyMarket RentsHeldInTrust Savings TrustAccounts
    CashAndCashEquivalents OtherEarmarkedBankAccounts
Asset | Accounts Receivable |
    AccountsReceivable
Asset | Other Current Asset |
    EmployeeCashAdvances AllowanceForBadDebts DevelopmentCosts Inventory
    Investment_MortgageRealEstateLoans Investment_Other Investment_TaxExemptSecurities
    Investment_USGovernmentObligations LoansToOfficers LoansToOthers LoansToStockholders
    OtherCurrentAssets PrepaidExpenses Retainage UndepositedFunds
Asset | Fixed Asset |
    FurnitureAndFixtures AccumulatedAmortization AccumulatedDepletion AccumulatedDepreciation
    Buildings DepletableAssets FixedAssetComputers FixedAssetCopiers FixedAssetFurniture
    FixedAssetOtherToolsEquipment FixedAssetPhone FixedAssetPhotoVideo FixedAssetSoftware
    IntangibleAssets Land LeaseholdImprovements MachineryAndEquipment OtherFixedAssets Vehicles
Asset | Other Asset |
    Licenses AccumulatedAmortizationOfOtherAssets Goodwill LeaseBuyout OrganizationalCosts
    OtherLongTermAssets SecurityDeposits
Liability | Accounts Payable |
    AccountsPayable
Liability | Credit Card |
    CreditCard
Liability | Other Current Liability |
    OtherCurrentLiabilities DirectDepositPayable FederalIncomeTaxPayable GlobalTaxPayable
    GlobalTaxSuspense InsurancePayable LineOfCredit LoanPayable PayrollClearing
    PayrollTaxPayable PrepaidExpensesPayable RentsInTrustLiability SalesTaxPayable
    StateLocalIncomeTaxPayable TrustAccountsLiabilities
Liability | Long Term Liability |
    NotesPayable OtherLongTermLiabilities ShareholderNotesPayable
Equity | Equity |
    OpeningBalanceEquity AccumulatedAdjustment CommonStock EstimatedTaxes Healthcare
    OwnersEquity PaidInCapitalOrSurplus PartnerContributions PartnerDistributions PartnersEquity
    PersonalExpense PersonalIncome PreferredStock RetainedEarnings TreasuryStock
Revenue | Income |
    OtherPrimaryIncome DiscountsRefundsGiven NonProfitIncome SalesOfProductIncome
    ServiceFeeIncome UnappliedCashPaymentIncome
Revenue | Other Income |
    OtherInvestmentIncome DividendIncome InterestEarned OtherMiscellaneousIncome
    TaxExemptInterest
Expense | Cost of Goods Sold |
    CostOfLaborCos EquipmentRentalCos FreightAndDeliveryCos OtherCostsOfServiceCos
    ShippingFreightDeliveryCos SuppliesMaterialsCogs
Expense | Expense |
    Travel AdvertisingPromotional Auto BadDebts BankCharges CharitableContributions
    CommissionsAndFees CostOfLabor DuesSubscriptions Entertainment EntertainmentMeals
    EquipmentRental FinanceCosts GlobalTaxExpense Insurance InterestPaid LegalProfessionalFees
    OfficeGeneralAdministrativeExpenses OtherBusinessExpenses OtherMiscellaneousServiceCost
    PayrollExpenses PromotionalMeals RentOrLeaseOfBuildings RepairMaintenance
    ShippingFreightDelivery SuppliesMaterials TaxesPaid TravelMeals
    UnappliedCashBillPaymentExpense Utilities
Expense | Other Expense |
    Depreciation Amortization ExchangeGainOrLoss GasAndFuel HomeOffice HomeownerRentalInsurance
    MortgageInterestHomeOffice OtherHomeOfficeExpenses OtherMiscellaneousExpense
    OtherVehicleExpenses ParkingAndTolls PenaltiesSettlements RentAndLeaseHomeOffice
    RepairsAndMaintainceHomeOffice Vehicle VehicleInsurance VehicleLease VehicleLoan
    VehicleLoanInterest VehicleRegistration VehicleRepairs WashAndRoadServices
"""


@cache
def _types() -> dict[str, tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    head = ("", "")
    for line in _TABLE.strip().splitlines():
        if line.startswith(" "):
            kind, subtypes = found[head[1]]
            found[head[1]] = kind, (*subtypes, *line.split())
        else:
            classification, name, _ = (part.strip() for part in line.split("|"))
            head = classification, name
            found[name] = classification, ()
    return found


@cache
def _owners() -> dict[str, str]:
    return {sub: name for name, (_, subs) in _types().items() for sub in subs}


def classification(account_type: str) -> str:
    """``Asset``, ``Liability``, ``Equity``, ``Revenue`` or ``Expense``; Expense for other types."""
    return _types().get(account_type, ("Expense", ()))[0]


def default_subtype(account_type: str) -> str:
    """The subtype of an account that names its type only; empty where none is known."""
    return next(iter(_types().get(account_type, ("", ()))[1]), "")


def type_of(subtype: str) -> str | None:
    """The type a subtype belongs to; None for the subtypes of other countries, which pass."""
    return _owners().get(subtype)
