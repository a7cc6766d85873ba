"""Training data of our own: invented systems whose fields carry a meaning, so any two make a task.

No field list here is taken from a benchmark. A field is ``name type length meaning`` and, after
``::``, a description; ``-`` means that it has no counterpart anywhere, ``ro`` that the system
assigns it. Two fields with the same meaning belong together (grade 2); ``NEAR`` lists meanings that
can stand in for each other (grade 1). Types: s text, n decimal, i integer, d date, b yes/no,
c code list, r reference.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np

from bench.fields_data import Key, Task, matrix
from engine.propose.prepare import leaves_of
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema

_TYPES = {
    "s": FieldType.STRING, "n": FieldType.DECIMAL, "i": FieldType.INTEGER, "d": FieldType.DATE,
    "t": FieldType.DATETIME, "b": FieldType.BOOLEAN, "c": FieldType.ENUM, "r": FieldType.STRING,
}  # fmt: skip

# @ system entity label kind order   (kind: party documents that are mapped to each other)
TEXT = """
@ alba CUSTMAST Debtors customer 0
CUSTNO s 12 code :: Debtor account code
CUSTNAME s 40 name :: Name of the debtor
SHRTNAME s 15 - :: Sort name
ADDR1 s 35 line1
ADDR2 s 35 line2
ADDR3 s 35 city
ADDR4 s 35 region
ADDR5 s 35 country
PCODE s 10 zip :: Postal code
TELNO s 20 phone
FAXNO s 20 fax
EMAILADR s 80 email
CONTNAME s 40 person :: Person we deal with
CURCODE r 3 currency :: Currency the debtor is invoiced in
TRMCODE r 2 terms :: Terms of payment
CRLIMIT n 0 limit :: Credit limit
CURBAL n 0 - :: Balance now
BALLMTH n 0 - :: Balance at the end of last month
YTDSALES n 0 - :: Sales this year
LYSALES n 0 - :: Sales last year
MTDSALES n 0 - :: Sales this month
LASTPAYD d 0 - :: Date of the last payment
LASTPAYV n 0 - :: Value of the last payment
VATREGNO s 20 taxno :: VAT registration number
TAXCD r 3 taxcode :: Tax code used unless the item says otherwise
TAXCITY s 3 - :: City part of the jurisdiction code for tax
TAXST s 2 - :: State part of the jurisdiction code for tax
TAXZIP s 5 - :: Zip part of the jurisdiction code for tax
EXEMPTNO s 20 -  :: Number of the exemption certificate
ONHOLD c 1 hold :: On stop Y or N
STATFLG c 1 - :: Wants statements
SLSREP r 4 rep :: Salesperson code
SLSAREA r 4 area :: Sales area
BRNCH r 4 branch :: Branch
CUSTCLS r 6 group :: Class of debtor
PRCCODE r 2 pricelist :: Price code
DISCPCT n 0 discount :: Standing discount percent
COMMENT1 s 60 notes :: Free comment
USERDEF1 s 20 -
USERDEF2 s 20 -
DTCREATE d 0 - :: Date opened
DLVADR1 s 35 sline1 :: Delivery address line 1
DLVADR2 s 35 sline2 :: Delivery address line 2
DLVADR3 s 35 scity :: Delivery address line 3
DLVADR4 s 35 sregion :: Delivery address line 4
DLVADR5 s 35 scountry :: Delivery address line 5
DLVPCODE s 10 szip :: Delivery postal code
@ brio partner Customer customer 0
id i 0 - ro :: Database id
ref s 0 code :: Internal reference
name s 0 name
is_company b 0 -
street s 0 line1
street2 s 0 line2
city s 0 city
state_id r 0 region
zip s 0 zip
country_id r 0 country
phone s 0 phone
mobile s 0 mobile
email s 0 email
website s 0 website
vat s 0 taxno :: Tax ID
currency_id r 0 currency
property_payment_term_id r 0 terms :: Customer payment terms
property_account_receivable_id r 0 araccount :: Account receivable
property_product_pricelist r 0 pricelist
credit_limit n 0 limit
user_id r 0 rep :: Salesperson in charge
team_id r 0 branch :: Sales team
comment s 0 notes :: Internal notes
active b 0 active :: Archived records are not active
category_id r 0 group :: Tags
lang c 0 -
barcode s 0 -
create_date t 0 - ro
write_date t 0 - ro
total_invoiced n 0 - ro
sale_order_count i 0 - ro
first_name s 0 first
last_name s 0 last
property_account_position_id r 0 taxcode :: Fiscal position deciding taxes
@ cord Customer Customer customer 0
No. s 20 code :: Number of the customer
Name s 100 name
Name 2 s 50 -
Search Name s 100 -
Address s 100 line1
Address 2 s 50 line2
City s 30 city
County s 30 region
Post Code s 20 zip
Country/Region Code r 10 country
Phone No. s 30 phone
Mobile Phone No. s 30 mobile
Fax No. s 30 fax
E-Mail s 80 email
Home Page s 80 website
Contact s 100 person
Currency Code r 10 currency
Payment Terms Code r 10 terms
Payment Method Code r 10 method
Credit Limit (LCY) n 0 limit
Balance (LCY) n 0 - ro
Net Change n 0 - ro
VAT Registration No. s 20 taxno
VAT Bus. Posting Group r 20 taxcode :: Decides the tax with the item's group
Customer Posting Group r 20 group :: Decides the receivables account
Customer Disc. Group r 20 -
Customer Price Group r 10 pricelist
Salesperson Code r 20 rep
Territory Code r 10 area
Responsibility Center r 10 branch
Shipment Method Code r 10 -
Shipping Agent Code r 10 -
Blocked c 0 active :: Empty, ship, invoice or all
Last Date Modified d 0 - ro
Global Dimension 1 Code r 20 -
Language Code r 10 -
Registration Number s 50 regno
@ delta CustomerAccount Customer customer 0
accountId s 0 - ro :: Identifier given by the service
accountCode s 30 code
displayName s 200 name :: Name shown in lists
legalName s 200 -
contact.firstName s 60 first
contact.lastName s 60 last
contact.emailAddress s 200 email
contact.phoneNumbers[].number s 40 phone
contact.phoneNumbers[].kind c 0 - :: Which telephone
contact.fax s 40 fax
contact.mobile s 40 mobile
contact.url s 200 website
invoiceAddress.lines.first s 100 line1
invoiceAddress.lines.second s 100 line2
invoiceAddress.town s 100 city
invoiceAddress.province s 100 region
invoiceAddress.postcode s 20 zip
invoiceAddress.countryCode c 0 country
deliveryAddress.lines.first s 100 sline1
deliveryAddress.lines.second s 100 sline2
deliveryAddress.town s 100 scity
deliveryAddress.province s 100 sregion
deliveryAddress.postcode s 20 szip
deliveryAddress.countryCode c 0 scountry
tax.registrationNumber s 40 taxno
tax.defaultRateId r 0 taxcode
tax.exempt b 0 -
terms.dueDays i 0 terms
terms.earlyPaymentPercent n 0 -
credit.limit n 0 limit
credit.onStop b 0 hold
currency c 0 currency
status c 0 active :: ACTIVE or CLOSED
defaultSalesAccountId r 0 -
priceListId r 0 pricelist
tags[].value s 0 group
memo s 4000 notes
etag s 0 - ro :: Version for optimistic locking
createdAt t 0 - ro
updatedAt t 0 - ro
brandingId r 0 -
openBalance n 0 - ro
@ alba SUPPMAST Creditors supplier 0
SUPPNO s 12 code :: Creditor account code
SUPPNAME s 40 name
ADR1 s 35 line1
ADR2 s 35 line2
ADR3 s 35 city
ADR4 s 35 region
ADR5 s 35 country
PCODE s 10 zip
TEL s 20 phone
FAX s 20 fax
EMAIL s 80 email
PAYEE s 40 payee :: Name on the payment
BNKACC s 20 bankno :: Bank account number
BNKSORT s 12 banksort :: Sort code
CURR r 3 currency
PAYTRM r 2 terms
EXPACC r 20 expense :: Ledger account for purchases
TAXREG s 20 taxno
TAXCODE r 3 taxcode
STOPPAY c 1 hold :: Payment stopped
SUPCLS r 6 group
LASTCHQ s 10 - :: Last cheque number
LASTCHQV n 0 - :: Last cheque value
PURYTD n 0 - :: Purchases this year
PURMTD n 0 - :: Purchases this month
BUYER r 4 -
CONTACT s 40 person
NOTE s 60 notes
BALANCE n 0 -
EDICODE s 20 -
RMTFAX s 20 -  :: Fax number for remittances
RMTMAIL s 80 - :: Mail address for remittances
@ brio vendor Vendor supplier 0
id i 0 - ro
ref s 0 code :: Internal reference
name s 0 name
street s 0 line1
street2 s 0 line2
city s 0 city
state_id r 0 region
zip s 0 zip
country_id r 0 country
phone s 0 phone
mobile s 0 mobile
email s 0 email
website s 0 website
vat s 0 taxno
property_supplier_payment_term_id r 0 terms
property_account_payable_id r 0 apaccount
bank_account s 0 bankno
bank_routing s 0 banksort
purchase_currency_id r 0 currency
comment s 0 notes
active b 0 active
first_name s 0 first
last_name s 0 last
default_expense_account r 0 expense
default_purchase_tax r 0 taxcode
write_date t 0 - ro
@ delta SupplierAccount Supplier supplier 0
accountId s 0 - ro
accountCode s 30 code
displayName s 200 name
contact.firstName s 60 first
contact.lastName s 60 last
contact.emailAddress s 200 email
contact.phone s 40 phone
contact.fax s 40 fax
contact.mobile s 40 mobile
contact.url s 200 website
address.lines.first s 100 line1
address.lines.second s 100 line2
address.lines.third s 100 -
address.town s 100 city
address.province s 100 region
address.postcode s 20 zip
address.countryCode c 0 country
bank.accountNumber s 40 bankno
bank.sortCode s 20 banksort
bank.accountName s 100 payee
bank.statementReference s 18 -
tax.registrationNumber s 40 taxno
tax.purchaseRateId r 0 taxcode
tax.salesRateId r 0 -
terms.dueDays i 0 terms
currency c 0 currency
status c 0 active
defaultPurchaseAccountId r 0 expense
defaultSalesAccountId r 0 -
memo s 4000 notes
etag s 0 - ro
updatedAt t 0 - ro
balances.payable n 0 - ro
balances.overdue n 0 - ro
hasAttachments b 0 - ro
@ alba STOCKMST Stock item 0
STKCODE s 20 code :: Stock code
STKDESC s 40 text :: Description
STKDESC2 s 40 -
UOM s 5 unit :: Stocking unit
ALTUOM s 5 altunit
CONVFCT n 0 factor :: Alternate units in one stocking unit
PRDCLS r 4 class :: Product class
STKTYPE c 1 kind :: Bought, made, phantom
SELLPRC n 0 price :: Price 1
AVGCOST n 0 cost :: Average unit cost
LASTCST n 0 -
STDCOST n 0 -
QOH n 0 onhand :: Quantity on hand
QALLOC n 0 -
QONPO n 0 - :: On purchase order
MINQTY n 0 reorder :: Reorder when below
MAXQTY n 0 -
TAXCD r 3 taxcode
WHSE r 4 warehouse :: Usual warehouse
BINLOC s 10 -
SUPPNO r 12 supplier :: Usual supplier
SUPITM s 20 -  :: Supplier's item code
BARCD s 20 barcode
UNITWGT n 0 -
SALEACC r 20 income :: Sales account
COSACC r 20 expense :: Cost of sales account
STKACC r 20 asset :: Stock control account
ABCCLS s 1 -
LEADTIME i 0 -
YTDUSE n 0 -
OBSOLETE c 1 active :: Y when no longer used
DTADD d 0 started :: Date added
@ echo StockItem Stock_item item 0
ItemCode s 30 code :: Item code
ItemDescription s 50 text :: Description of the item
LongText s 200 -
StockUnit s 10 unit :: Unit it is stocked in
OtherUnit s 10 altunit
ProductGroup r 20 class :: Group of products
ItemCategory c 1 kind :: Made, bought, phantom or service
WipAccount r 35 - :: Account for work in progress
VarianceAccount r 35 - :: Account for variances
TransferAccount r 35 - :: Account for transfers between warehouses
OutputTaxCode r 3 taxcode :: Tax code
OtherTax r 3 -
PriceIncludesTax c 1 inclusive :: Whether prices include tax
StdMaterialCost n 0 cost :: Material cost of one unit
LandedCost n 0 -
LabourCost n 0 -
DateCreated d 0 started :: Date the item was added
MainSupplier r 15 supplier :: Usual supplier
AbcClass c 1 -
TraceType c 1 -
PriceBasis c 1 -
DrawingNumber s 30 -
BuyerCode r 10 -
PlannerCode r 10 -
UserField1 s 10 -
@ echo StockByWarehouse Stock_by_warehouse item 1
ItemCode r 30 -
WarehouseCode r 10 warehouse :: Warehouse
OnHandQty n 0 onhand :: Quantity on hand
AllocatedQty n 0 -
OnOrderQty n 0 -
MinimumQty n 0 reorder :: Least quantity before reordering
MaximumQty n 0 -
OrderMultiple n 0 -
LastCost n 0 -
AverageCost n 0 cost :: Average cost in this warehouse
BinNumber s 20 -
YtdIssues n 0 -
@ echo StockPrices Stock_prices item 2
ItemCode r 30 -
PriceLevel r 10 -
SellingPrice n 0 price :: Selling price of one unit
PriceUnit s 10 -
CommissionCode s 2 -
@ brio product Product item 0
id i 0 - ro
default_code s 0 code :: Internal reference
name s 0 name
description_sale s 0 text :: Text on quotations and invoices
description_purchase s 0 ptext
uom_id r 0 unit
uom_po_id r 0 altunit
categ_id r 0 class
detailed_type c 0 kind :: Storable, consumable or service
list_price n 0 price :: Sales price
standard_price n 0 cost
qty_available n 0 onhand ro
taxes_id r 0 taxcode :: Customer taxes
supplier_taxes_id r 0 ptaxcode
sale_ok b 0 sold
purchase_ok b 0 bought
barcode s 0 barcode
weight n 0 -
volume n 0 -
property_account_income_id r 0 income
property_account_expense_id r 0 expense
active b 0 active
tracking c 0 -
write_date t 0 - ro
@ delta Product Product item 0
productId s 0 - ro
sku s 60 code
title s 200 name
salesText s 4000 text
purchaseText s 4000 ptext
unitLabel s 20 unit
categoryId r 0 class
kind c 0 kind :: STOCK, NONSTOCK, SERVICE, BUNDLE
sales.unitPrice n 0 price
sales.accountId r 0 income
sales.taxRateId r 0 taxcode
sales.priceIncludesTax b 0 inclusive
purchase.unitCost n 0 cost
purchase.accountId r 0 expense
purchase.taxRateId r 0 ptaxcode
purchase.preferredSupplierId r 0 supplier
inventory.assetAccountId r 0 asset
inventory.quantity n 0 onhand
inventory.reorderPoint n 0 reorder
inventory.startDate d 0 started
inventory.tracked b 0 tracked
gtin s 20 barcode
status c 0 active
etag s 0 - ro
imageUrl s 0 -
parentId r 0 -
@ alba SALEHDR Sales_order sale 0
ORDNO s 10 number :: Order number
ORDDATE d 0 date :: Date of the order
INVNO s 10 invoice :: Last invoice
CUSTNO r 12 party :: Debtor
CUSTNAME s 40 partyname
CUSTPO s 30 reference :: Customer's order number
ORDSTAT c 1 -
SHIPDATE d 0 shipdate :: Date shipped
REQDATE d 0 - :: Date required
SHIPVIA s 30 via :: Shipping instructions
SADDR1 s 35 sline1 :: Delivery address line 1
SADDR2 s 35 sline2 :: Delivery address line 2
SADDR3 s 35 scity :: Delivery address line 3
SADDR4 s 35 sregion :: Delivery address line 4
SADDR5 s 35 scountry :: Delivery address line 5
SPCODE s 10 szip
SLSREP r 4 rep
BRANCH r 4 branch
AREA r 4 area
TERMS r 2 terms
CURR r 3 currency
EXRATE n 0 rate :: Rate against home currency
DISCPC1 n 0 discount
DISCPC2 n 0 -
TAXEXMPT c 1 -
SPCINSTR s 60 message :: Special instructions
EMAILADR s 80 email
OPERATOR s 10 -
ENTSYSDT d 0 -
GTREQD c 1 -
WAREHSE r 4 warehouse
@ alba SALELIN Sales_order_lines sale 1
ORDNO r 10 -
LINENO i 0 l.number
LINETYPE c 1 -
STKCODE r 20 l.item :: Stock code
STKDESC s 40 l.text
ORDQTY n 0 l.quantity :: Quantity ordered
SHPQTY n 0 -
BOQTY n 0 - :: Quantity on back order
ORDUOM s 5 l.unit
UNITPRC n 0 l.price
LNDISC n 0 l.discount
TAXCD r 3 l.taxcode
PRDCLS r 4 l.class
WHSE r 4 l.warehouse
SHPDATE d 0 -
UNITCST n 0 -
COMMENT s 60 -
@ brio sale Sales_order sale 0
id i 0 - ro
name s 0 number :: Order reference
date_order t 0 date
partner_id r 0 party :: Customer
client_order_ref s 0 reference :: Customer reference
commitment_date t 0 shipdate :: Delivery date
carrier_id r 0 via :: Delivery method
user_id r 0 rep :: Salesperson
team_id r 0 branch
payment_term_id r 0 terms
currency_id r 0 currency
currency_rate n 0 rate ro
note s 0 message :: Terms and conditions
amount_untaxed n 0 - ro
amount_tax n 0 - ro
amount_total n 0 - ro
state c 0 -
warehouse_id r 0 warehouse
line[].sequence i 0 l.number
line[].product_id r 0 l.item
line[].name s 0 l.text :: Description
line[].product_uom_qty n 0 l.quantity
line[].product_uom r 0 l.unit
line[].price_unit n 0 l.price
line[].discount n 0 l.discount
line[].tax_id r 0 l.taxcode
line[].price_subtotal n 0 l.amount ro
line[].qty_delivered n 0 -
line[].analytic_tag_ids r 0 l.class
@ delta SalesInvoice Sales_invoice sale 0
invoiceId s 0 - ro
invoiceNumber s 40 number
issueDate d 0 date
dueDate d 0 due
customer.id r 0 party
customer.name s 200 partyname
customerReference s 80 reference
currency c 0 currency
exchangeRate n 0 rate
termsId r 0 terms
departmentId r 0 branch
salespersonId r 0 rep
shipping.date d 0 shipdate
shipping.method s 60 via
shipping.trackingNumber s 60 -
shipping.address.lines.first s 100 sline1
shipping.address.lines.second s 100 sline2
shipping.address.town s 100 scity
shipping.address.province s 100 sregion
shipping.address.postcode s 20 szip
shipping.address.countryCode c 0 scountry
messageToCustomer s 1000 message
internalMemo s 4000 notes
emailTo s 200 email
lines[].lineId s 0 - ro
lines[].position i 0 l.number
lines[].productId r 0 l.item
lines[].description s 4000 l.text
lines[].quantity n 0 l.quantity
lines[].unitPrice n 0 l.price
lines[].discountPercent n 0 l.discount
lines[].amount n 0 l.amount
lines[].taxRateId r 0 l.taxcode
lines[].accountId r 0 l.account
lines[].classId r 0 l.class
lines[].serviceDate d 0 -
lines[].kind c 0 -
totals.net n 0 - ro
totals.tax n 0 -
totals.gross n 0 - ro
totals.balance n 0 - ro
amountsIncludeTax b 0 inclusive
templateId r 0 -
printStatus c 0 -
etag s 0 - ro
customFields[].value s 30 -
linked[].documentId r 0 -
@ alba APINV Creditor_invoices bill 0
SUPPNO r 12 party :: Creditor
INVNO s 20 number :: Creditor's invoice number
INVDATE d 0 date
DUEDATE d 0 due
DISCDATE d 0 -
INVVAL n 0 l.amount :: Original value of the invoice
INVBAL n 0 - :: Outstanding
DISCVAL n 0 -
CURR r 3 currency
EXRATE n 0 rate
TAXCD r 3 l.taxcode
TAXVAL n 0 -
REFER s 30 notes :: Reference
BRANCH r 4 branch
EXPACC r 20 l.account :: Account charged
JNLNO i 0 -
JNLDATE d 0 -
PAYSTAT c 1 -
LASTPAYD d 0 -
TERMS r 2 terms
@ brio bill Vendor_bill bill 0
id i 0 - ro
ref s 0 number :: Bill reference of the vendor
partner_id r 0 party :: Vendor
invoice_date d 0 date
invoice_date_due d 0 due
currency_id r 0 currency
invoice_payment_term_id r 0 terms
narration s 0 notes
line[].name s 0 l.text
line[].account_id r 0 l.account
line[].price_unit n 0 l.amount
line[].tax_ids r 0 l.taxcode
line[].product_id r 0 -
line[].quantity n 0 -
line[].analytic_account_id r 0 branch
amount_total n 0 - ro
amount_residual n 0 - ro
state c 0 -
@ delta PurchaseBill Bill bill 0
billId s 0 - ro
billNumber s 40 number
issueDate d 0 date
dueDate d 0 due
supplier.id r 0 party
currency c 0 currency
exchangeRate n 0 rate
termsId r 0 terms
departmentId r 0 branch
internalMemo s 4000 notes
lines[].description s 4000 l.text
lines[].amount n 0 l.amount
lines[].accountId r 0 l.account
lines[].taxRateId r 0 l.taxcode
lines[].classId r 0 -
lines[].billable b 0 -
lines[].customerId r 0 -
totals.gross n 0 - ro
totals.tax n 0 -
balance n 0 - ro
etag s 0 - ro
payablesAccountId r 0 -
plannedPaymentDate d 0 -
@ alba CASHRCP Receipts payment 0
CUSTNO r 12 party
RCPTDATE d 0 date
RCPTVAL n 0 amount :: Value received
PAYREF s 20 reference :: Cheque or reference number
PAYTYPE c 1 method
BANK r 4 bank :: Bank paid into
CURR r 3 currency
EXRATE n 0 rate
DISCTKN n 0 -
INVNO r 10 applied :: Invoice paid
INVAMT n 0 appliedamount :: Amount against the invoice
JNL i 0 -
NARR s 40 notes
@ brio payment Payment payment 0
id i 0 - ro
partner_id r 0 party
date d 0 date
amount n 0 amount
ref s 0 reference :: Memo
payment_method_line_id r 0 method
journal_id r 0 bank :: Bank or cash journal
currency_id r 0 currency
state c 0 -
reconciled_invoice_ids[].move_id r 0 applied
reconciled_invoice_ids[].amount n 0 appliedamount
destination_account_id r 0 araccount
@ delta Receipt Receipt payment 0
receiptId s 0 - ro
customer.id r 0 party
receivedOn d 0 date
total n 0 amount
externalReference s 40 reference
methodId r 0 method
bankAccountId r 0 bank
currency c 0 currency
exchangeRate n 0 rate
allocations[].invoiceId r 0 applied
allocations[].amount n 0 appliedamount
unallocated n 0 - ro
memo s 4000 notes
etag s 0 - ro
@ alba GLJNL Journals journal 0
JNLNO i 0 number
JNLDATE d 0 date
PERIOD i 0 -
GLYEAR i 0 -
GLACC r 20 l.account :: Ledger account
DRAMT n 0 l.debit
CRAMT n 0 l.credit
NARR s 40 l.text
REFER s 20 reference
OPER s 10 -
SRCLDG c 1 -
@ brio move Journal_entry journal 0
id i 0 - ro
name s 0 number
date d 0 date
ref s 0 reference
line[].account_id r 0 l.account
line[].debit n 0 l.debit
line[].credit n 0 l.credit
line[].name s 0 l.text
line[].partner_id r 0 -
journal_id r 0 -
state c 0 -
@ delta JournalEntry Journal_entry journal 0
entryId s 0 - ro
entryNumber s 40 number
postingDate d 0 date
narration s 4000 reference
lines[].accountId r 0 l.account
lines[].debitAmount n 0 l.debit
lines[].creditAmount n 0 l.credit
lines[].description s 4000 l.text
lines[].taxRateId r 0 -
lines[].departmentId r 0 -
showOnCashBasis b 0 -
etag s 0 - ro
"""

NEAR: tuple[tuple[str, str, bool], ...] = (
    # a value of the first meaning may feed the second; True: it is what one would choose
    ("person", "first", True), ("person", "last", True), ("name", "payee", False),
    ("payee", "name", False), ("text", "name", False), ("name", "text", False),
    ("code", "name", False), ("text", "ptext", False), ("line1", "sline1", False),
    ("line2", "sline2", False), ("city", "scity", False), ("region", "sregion", False),
    ("zip", "szip", False), ("country", "scountry", False), ("class", "income", True),
    ("class", "expense", True), ("class", "kind", False), ("warehouse", "asset", True),
    ("class", "asset", False), ("taxcode", "ptaxcode", False), ("area", "branch", False),
    ("warehouse", "branch", False), ("branch", "l.class", False), ("area", "l.class", False),
    ("group", "branch", False), ("l.class", "l.account", False), ("l.item", "l.text", False),
    ("reference", "notes", False), ("notes", "reference", False), ("notes", "message", False),
    ("message", "notes", False), ("reference", "l.text", False), ("notes", "l.text", False),
    ("phone", "mobile", False), ("code", "barcode", False), ("kind", "tracked", False),
    ("invoice", "number", False), ("due", "date", False), ("altunit", "unit", False),
    ("price", "sold", False), ("cost", "bought", False), ("hold", "active", False),
    ("terms", "due", False), ("partyname", "party", False), ("shipdate", "date", False),
)  # fmt: skip
# what looks like a counterpart and is none
NEVER = {
    ("hold", "active"),
    ("phone", "mobile"),
    ("due", "date"),
    ("terms", "due"),
    ("altunit", "unit"),
}
NEVER |= {("code", "barcode"), ("line1", "sline1"), ("line2", "sline2")}
DEMANDED = {"party", "customer", "supplier"}


@dataclass(slots=True)
class Document:
    """Entities of one invented system that describe one kind of document."""

    system: str
    kind: str
    entities: list[EntitySchema] = field(default_factory=list)
    meaning: dict[Key, str] = field(default_factory=dict)


def _reference(meaning: str, name: str) -> str:
    names = {
        "party": "Party", "currency": "Currency", "terms": "Terms", "l.item": "Item", "rep": "Salesperson",
        "branch": "Branch", "area": "Area", "taxcode": "TaxCode", "l.taxcode": "TaxCode", "bank": "Bank",
        "warehouse": "Warehouse", "supplier": "Supplier", "applied": "Invoice", "country": "Country",
    }  # fmt: skip
    for ending in ("account", "expense", "income", "asset"):
        if meaning.endswith(ending):
            return "Account"
    return names.get(meaning, name)


def documents() -> list[Document]:
    """All documents of ``TEXT``."""
    found: dict[tuple[str, str], Document] = {}
    rows: list[tuple[Document, str, str, list[FieldSchema]]] = []
    for line in TEXT.strip().splitlines():
        if line.startswith("@"):
            _, system, name, label, kind, _order = line.split()
            one = found.setdefault((system, kind), Document(system, kind))
            rows.append((one, name, label.replace("_", " "), []))
            continue
        said, _, note = line.partition("::")
        words = said.split()
        read_only = words[-1] == "ro"
        words = words[: len(words) - read_only]
        meaning, length, kind = words[-1], int(words[-2]), words[-3]
        path = " ".join(words[:-3])
        one, entity, _, fields = rows[-1]
        fields.append(
            FieldSchema(
                path=path,
                type=_TYPES[kind],
                length=length or None,
                read_only=read_only,
                references=_reference(meaning, path) if kind == "r" else "",
                description=note.strip(),
                key=meaning in ("code", "number") and not len(fields),
            )
        )
        one.meaning[entity, path] = meaning
    for one, name, label, fields in rows:
        one.entities.append(EntitySchema(name=name, label=label, fields=tuple(fields)))
    return list(found.values())


def own_tasks() -> list[Task]:
    """Every ordered pair of two systems that describe the same kind of document."""
    by_kind: dict[str, list[Document]] = defaultdict(list)
    for one in documents():
        by_kind[one.kind].append(one)
    return [_task(a, b) for kind in sorted(by_kind) for a, b in permutations(by_kind[kind], 2)]


def _task(a: Document, b: Document) -> Task:
    allowed = {(x, y): sure for x, y, sure in NEAR if (x, y) not in NEVER}
    left = leaves_of(
        SystemSchema(a.system, entities=tuple(a.entities)), [e.name for e in a.entities]
    )
    right = leaves_of(
        SystemSchema(b.system, entities=tuple(b.entities)), [e.name for e in b.entities]
    )
    pairs, x = matrix(left, right)
    have = [a.meaning[o.key] for o in left]
    want = [b.meaning[o.key] for o in right]

    def grade(s: str, t: str) -> int:
        if "-" in (s, t):
            return 0
        if s == t:
            return 2
        near = allowed.get((s, t))
        return 0 if near is None else (2 if near and t not in have else 1)

    table = np.array([[grade(s, t) for t in want] for s in have])
    gold = {
        right[k].key: {left[n].key: int(table[n, k]) for n in np.flatnonzero(table[:, k])}
        for k in range(len(right))
        if table[:, k].any()
    }
    return Task(
        f"{a.system}->{b.system}/{a.kind}", "own", "own", pairs, x, table[pairs.i, pairs.j],
        np.ones(len(pairs), bool), [o.key for o in left], [o.key for o in right], gold,
        {o.key for o in right} - set(gold),
    )  # fmt: skip
